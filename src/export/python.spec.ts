/** A run that `lit_lab.explain` returned, as a notebook's output: `lit_lab/client/packing.py` made it. */
import { readOutput } from './output';
import { textOf } from '../session/runText';

const OUTPUT = jest.requireActual<object>(
  '../../tests/fixtures/python_output.json'
);

describe('an output that Python made', () => {
  it('shows the map of the last sentence, with its effects', () => {
    const { reading, look, target } = readOutput(OUTPUT);
    const text = reading.text(look, target);
    const map = reading.map(text, target!, look)!;
    const first = map.segments.find(({ rank }) => rank === 1)!;
    expect(textOf(text.tokens, map.target).trim()).toBe('It is.');
    expect(map.effects!.all.map(effect => effect?.delta.toFixed(2))).toEqual([
      '0.50',
      '2.00',
      '-1.00',
      undefined
    ]);
    expect(textOf(text.tokens, first.span).trim()).toBe('Be <b>brief</b>.');
    expect(look).toMatchObject({
      granularity: 'sentences',
      method: 'grad_l2',
      shadeBy: 'effect'
    });
  });
});
