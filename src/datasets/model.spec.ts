import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { IPromptSource } from '../session/source';
import { DatasetsModel } from './model';
import type { DatasetsClient } from './model';

const ROWS = [
  { index: 0, prompt: 'Analyze a dish.', target: '', source: 'fewshot' },
  { index: 1, prompt: 'Write a headline.', target: '', source: 'gigaword' }
];

describe('datasets/model', () => {
  let opened: IPromptSource[];
  let asked: string[];
  let failure: Error | null;
  let model: DatasetsModel;

  beforeEach(() => {
    opened = [];
    asked = [];
    failure = null;
    const client: DatasetsClient = {
      datasets: async () => {
        asked.push('datasets');
        if (failure) {
          throw failure;
        }
        return [{ name: 'sample_prompts', size: 2, note: '' }];
      },
      datasetRows: async name => {
        asked.push(name);
        return { name, rows: ROWS };
      }
    };
    model = new DatasetsModel(
      client,
      { open: source => opened.push(source) },
      nullTranslator.load('lit_lab')
    );
  });

  afterEach(() => {
    model.dispose();
  });

  it('asks for nothing before it is shown, and only once', async () => {
    expect(asked).toEqual([]);
    await Promise.all([model.load(), model.load()]);
    await model.load();
    expect(asked).toEqual(['datasets', 'sample_prompts']);
    expect(model.rows).toEqual(ROWS);
  });

  it('shows the rows of the dataset chosen last, whichever come last', async () => {
    const loading = model.load();
    await Promise.resolve(); // the first rows are on their way
    const chosen = model.choose('other');
    await Promise.all([loading, chosen]);
    expect(model.open).toBe('other');
    expect(asked[asked.length - 1]).toBe('other');
    expect(model.loadingSince).toBeNull();
    expect(model.size).toBe(2);
  });

  it('finds rows that hold all words, in source or prompt', async () => {
    await model.load();
    model.query = 'HEADLINE giga';
    expect(model.rows).toEqual([ROWS[1]]);
    model.query = 'dish headline';
    expect(model.rows).toEqual([]);
    expect(model.size).toBe(2);
  });

  it('takes a row up as a prompt that says where it is from', async () => {
    await model.load();
    model.analyze(ROWS[1]);
    expect(opened[0].document).toBe('sample_prompts');
    expect(opened[0].place).toEqual(['row 2', 'gigaword']);
    expect(opened[0].text?.value).toBe('Write a headline.');
  });

  it('brings a row back into view, whatever is searched for', async () => {
    await model.load();
    model.analyze(ROWS[1]);
    model.query = 'dish';
    const revealed: number[] = [];
    model.revealed.connect((_, index) => revealed.push(index));
    opened[0].reveal();
    expect(model.rows).toHaveLength(2);
    expect(revealed).toEqual([1]);
  });

  it('tells a failure, and loads when asked again', async () => {
    failure = new ApiError({
      error: 'service_failed',
      message: 'It did not start.',
      hint: 'See the log.'
    });
    await model.load();
    expect(model.problem?.message).toBe('It did not start.');
    expect(model.loadingSince).toBeNull();
    failure = null;
    await model.load();
    expect(model.problem).toBeNull();
    expect(model.rows).toHaveLength(2);
  });
});
