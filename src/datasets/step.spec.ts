/** From a row that is analyzed to the one before and the one after. */
import { nullTranslator } from '@jupyterlab/translation';

import type { IPromptSource } from '../session/source';
import { FakeServer } from './fakes';
import { DatasetsModel } from './model';
import type { DatasetSource } from './source';

const trans = nullTranslator.load('lit_lab');

describe('datasets: rows beside the one that is analyzed', () => {
  let server: FakeServer;
  let model: DatasetsModel;
  let chosen: IPromptSource[];
  let runs: boolean[];

  beforeEach(async () => {
    server = new FakeServer();
    server.prompts = ['One dish.', 'Two drinks.', 'Three dishes.'];
    model = new DatasetsModel(server.client, trans);
    chosen = [];
    runs = [];
    model.chosen.connect((_, { source, run }) => {
      chosen.push(source);
      runs.push(run);
    });
    await model.load();
  });

  afterEach(() => model.dispose());

  const now = () => chosen[chosen.length - 1];

  it('are run, and at both ends it says so', async () => {
    await model.analyze(1);
    expect(await now().step!(1)).toBeNull();
    expect(now().text?.value).toBe('Two drinks.');
    expect(now().place[0]).toBe('row 2');
    expect(await now().step!(1)).toBeNull();
    expect(await now().step!(1)).toBe('This is the last row.');
    expect(now().text?.value).toBe('Three dishes.');
    await now().step!(-1);
    await now().step!(-1);
    expect(await now().step!(-1)).toBe('This is the first row.');
    expect(now().text?.value).toBe('One dish.');
    expect(runs).toEqual([true, true, true, true, true]);
  });

  it('are those of the list, as it is searched', async () => {
    const { list } = model.current!;
    list.query = 'dish';
    await list.restart();
    await model.analyze(1);
    expect(await now().step!(1)).toBeNull();
    expect(now().text?.value).toBe('Three dishes.');
  });

  it('are the dataset’s, where the search has left the row out', async () => {
    await model.analyze(1);
    model.current!.list.query = 'Three';
    await model.current!.list.restart();
    expect(await now().step!(1)).toBeNull();
    expect(now().text?.value).toBe('Two drinks.');
  });

  it('are of its own dataset, whichever is shown', async () => {
    await model.analyze(1);
    const { current } = model;
    await model.openFile('own.csv');
    expect(await now().step!(1)).toBeNull();
    expect(now().text?.value).toBe('Two drinks.');
    expect((now() as DatasetSource).dataset).toBe(current);
  });

  it('stay as they are where they can’t be read, which is said', async () => {
    await model.analyze(1);
    server.broken.add('rows');
    expect(await now().step!(1)).toBe('No rows.');
    server.broken.clear();
    server.broken.add('row');
    expect(await now().step!(1)).toBe('No row.');
    expect(chosen).toHaveLength(1);
  });

  it('are left where another prompt was chosen meanwhile', async () => {
    await model.analyze(1);
    const slow = now().step!(1);
    await model.analyze(3);
    await slow;
    expect(chosen.map(({ text }) => text?.value)).toEqual([
      'One dish.',
      'Three dishes.'
    ]);
  });
});
