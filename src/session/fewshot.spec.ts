import { exampleLabel } from './fewshot';

/** Also of lit_lab/client/targets.py. */
const { cases } = jest.requireActual<{
  cases: { name: string; prompt: string; label: string | null }[];
}>('../../tests/fixtures/text/fewshot.json');

describe('exampleLabel', () => {
  it.each(cases.map(one => [one.name, one] as const))(
    'of %s',
    (_, { prompt, label }) => {
      expect(exampleLabel(prompt)).toBe(label);
    }
  );
});
