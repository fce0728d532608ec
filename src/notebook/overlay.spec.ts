import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

import { plain } from '../session/mapped';
import { fill } from '../session/template';
import { paint, setShades, shadedRanges, shadesField } from './overlay';

const shade = (from: number, to: number, rank = 1, weight = 1) => ({
  span: [from, to] as const,
  weight,
  rank,
  label: `rank ${rank}`
});

/** Shades of a state: `[from, to, sign, rank, title]`. */
function shown(state: EditorState) {
  const list: unknown[] = [];
  state.field(shadesField).between(0, state.doc.length, (from, to, value) => {
    const { attributes } = value.spec;
    list.push([
      from,
      to,
      attributes['data-sign'],
      attributes['data-rank'],
      attributes.title
    ]);
  });
  return list;
}

describe('shadesField', () => {
  const start = () =>
    EditorState.create({ doc: 'x = "a. b."', extensions: [shadesField] });

  it('moves with edits, and is replaced as a whole', () => {
    let state = start();
    state = state.update({
      effects: setShades.of([shade(5, 7), shade(8, 10, 4, -0.5)])
    }).state;
    state = state.update({ changes: { from: 0, insert: '# new\n' } }).state;
    expect(shown(state)).toEqual([
      [11, 13, 'positive', '1', 'rank 1'],
      [14, 16, 'negative', undefined, 'rank 4']
    ]);
    state = state.update({ changes: { from: 11, to: 13 } }).state;
    expect(shown(state)).toHaveLength(1);
    state = state.update({ effects: setShades.of([]) }).state;
    expect(shown(state)).toEqual([]);
  });

  it('leaves out what lies beyond the text', () => {
    const state = start().update({
      effects: setShades.of([shade(5, 99), shade(3, 3)])
    }).state;
    expect(shown(state)).toEqual([]);
  });
});

describe('paint', () => {
  it('adds itself to an editor when there is something to show', () => {
    const view = new EditorView({ doc: 'a b' });
    paint(view, []);
    expect(view.state.field(shadesField, false)).toBeUndefined();
    paint(view, [shade(0, 1)]);
    const mark = view.dom.querySelector<HTMLElement>('.lit-shade');
    expect(mark?.textContent).toBe('a');
    expect(mark?.title).toBe('rank 1');
    expect(mark?.style.getPropertyValue('--lit-weight')).toBe('1.000');
    paint(view, []);
    expect(view.dom.querySelector('.lit-shade')).toBeNull();
    view.destroy();
  });
});

describe('shadedRanges', () => {
  it('shades a field as the strongest part of its value', () => {
    const source = 'f"Hi {x}. Bye "';
    const text = {
      kind: 'f-string' as const,
      ...plain('Hi {x}. Bye ', 2),
      fields: [{ name: 'x', expression: 'x', value: [3, 6] as const }]
    };
    const { value, map } = fill(text, { x: 'a. b' });
    expect(value).toBe('Hi a. b. Bye ');
    const ranges = shadedRanges(
      [shade(0, 6, 3, 0.1), shade(6, 9, 1, 0.9), shade(9, 13, 2, 0.2)],
      map,
      source
    );
    expect(
      ranges.map(({ span, rank }) => [source.slice(...span), rank])
    ).toEqual([
      ['Hi ', 3],
      ['{x}', 1],
      ['.', 1],
      ['Bye', 2]
    ]);
    expect(ranges[1].label).toBe('rank 1\nrank 3');
  });
});
