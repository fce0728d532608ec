/** What the panel's prompt is written to: the row that it came from, and no other. */
import React, { act } from 'react';

import { CONTEXT, Stage } from '../components/fixtures';
import { PromptModel } from '../session/prompt';
import { FakeServer } from './fakes';
import { DatasetsModel } from './model';
import { DatasetsView } from './view';

describe('datasets/footer', () => {
  let server: FakeServer;
  let model: DatasetsModel;
  let prompt: PromptModel;
  let stage: Stage;

  beforeEach(async () => {
    server = new FakeServer();
    model = new DatasetsModel(server.client, CONTEXT.trans);
    prompt = new PromptModel();
    model.chosen.connect((_, { source }) => prompt.open(source));
    stage = new Stage();
    await model.load();
    stage.draw(
      <DatasetsView
        model={model}
        prompt={prompt}
        trans={CONTEXT.trans}
        isShown
      />
    );
  });

  afterEach(() => {
    stage.dispose();
    prompt.dispose();
    model.dispose();
  });

  it('changes the row of the text that the user went back to', async () => {
    await act(() => model.analyze(1, false));
    act(() => prompt.edit('Analyze a drink.'));
    await act(() => model.analyze(2, false));
    expect(stage.button('Change row 1')).toBeUndefined();
    expect(stage.button('Change row 2')).toBeUndefined();
    act(() => prompt.takeBack());
    expect(prompt.origin?.place[0]).toBe('row 1');
    expect(stage.button('Change row 2')).toBeUndefined();
    await stage.click('Change row 1');
    expect(server.edits).toEqual([
      { kind: 'change', row: 1, prompt: 'Analyze a drink.' }
    ]);
  });

  it('offers no row for a text from elsewhere', async () => {
    await act(() => model.analyze(1, false));
    await act(() => model.current!.reread({}));
    act(() => prompt.edit('Mine.'));
    expect(stage.button('Change row 1')).toBeUndefined();
    expect(stage.button('Add the prompt')).toBeDefined();
  });
});
