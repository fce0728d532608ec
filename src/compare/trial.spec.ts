import { nullTranslator } from '@jupyterlab/translation';

import { segment } from '../salience';
import { textOf } from '../session/runText';
import { tokens } from '../session/fixtures';
import { startRun } from '../session/run';
import type { IRun } from '../session/run';
import { nameOfTrial, promptWithout, trialOf } from './trial';

/** Also of lit_lab/service/effects/deletion.py; spans count code points. */
const DELETIONS = jest.requireActual<
  { text: string; deleted: [number, number][]; left: string }[]
>('../../tests/fixtures/text/deletions.json');

const trans = nullTranslator.load('lit_lab');
const NAME = 'named';
const TRIAL = 'Without “One is here.”';

function run(prompt: string): IRun {
  return {
    ...startRun(
      {
        model: 'demo',
        prompt,
        values: { dish: 'soup' },
        sampling: { temperature: 0.5, seed: 3 },
        stop: ['Q:'],
        origin: { document: 'n.ipynb', place: ['cell 1'] },
        title: NAME
      },
      ''
    ),
    promptTokens: tokens(prompt)
  };
}

/** The prompt without its nth sentence. */
function without(prompt: string, n: number): string {
  const made = run(prompt);
  const spans = segment(
    made.promptTokens,
    made.promptTokens.length,
    'sentences'
  );
  return promptWithout(made, spans[n]);
}

describe('compare/trial', () => {
  it('takes a sentence away with the blanks around it', () => {
    const prompt = 'One is here. Two is here. Three is here.';
    expect(without(prompt, 0)).toBe('Two is here. Three is here.');
    expect(without(prompt, 1)).toBe('One is here. Three is here.');
    expect(without(prompt, 2)).toBe('One is here. Two is here.');
  });

  it('takes a line away with its line break', () => {
    expect(without('One\nTwo\nThree', 1)).toBe('One\nThree');
  });

  it('keeps apart what an empty line parted', () => {
    expect(without('One\nTwo\n\nThree', 1)).toBe('One\n\nThree');
    expect(without('One\n\nTwo\nThree', 1)).toBe('One\n\nThree');
    expect(without('One\n\nTwo\n\nThree', 1)).toBe('One\n\nThree');
  });

  it('keeps how the prompt begins and ends', () => {
    expect(without('\nOne\n\nTwo', 0)).toBe('\nTwo');
    expect(without('One\n\nTwo\n', 1)).toBe('One\n');
    expect(without('One\n\nTwo', 1)).toBe('One');
  });

  it('leaves nothing of a prompt of one sentence', () => {
    expect(without('Only this.', 0).trim()).toBe('');
  });

  it.each(DELETIONS.filter(({ deleted }) => deleted.length === 1))(
    'takes away what the effects of parts are computed without: %j',
    ({ text, deleted: [[start, end]], left }) => {
      const promptTokens = [...text].map(character => ({
        ...tokens('x')[0],
        text: character
      }));
      expect(promptWithout({ promptTokens }, [start, end])).toBe(left);
    }
  );

  it('asks the same in all else, and says what it is', () => {
    const made = run('One is here. Two is here.');
    const spans = segment(
      made.promptTokens,
      made.promptTokens.length,
      'sentences'
    );
    expect(textOf(made.promptTokens, spans[0])).toBe('One is here.');
    expect(trialOf(made, spans[0], trans)).toEqual({
      model: 'demo',
      prompt: 'Two is here.',
      values: {},
      sampling: { temperature: 0.5, seed: 3 },
      stop: ['Q:'],
      thinking: false,
      chat: 'off',
      origin: { document: 'n.ipynb', place: ['cell 1'] },
      title: TRIAL
    });
    // In a chat format if the run was.
    const wrapped = { ...made, chatUse: 'wrapped' as const };
    expect(trialOf(wrapped, spans[0], trans).chat).toBe('on');
  });

  it('names long sentences by their beginning, in whole characters', () => {
    const name = nameOfTrial(`${'🍲'.repeat(80)}`, trans);
    expect(name).toBe(`Without “${'🍲'.repeat(59)}…”`);
    expect(nameOfTrial(' a\n b ', trans)).toBe('Without “a b”');
  });
});
