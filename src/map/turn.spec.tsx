import { act } from 'react';

import type { Token } from '../api';
import { Stage } from '../components/fixtures';
import { makeMap } from '../session/map';
import { cutText } from '../session/runText';
import { DEFAULT_SETTINGS } from '../session/settings';
import { drawSalienceText, flowText, token } from './fixtures';
import type { ISalienceTextProps } from './salienceText';

const START = '<start_of_turn>';
const END = '<end_of_turn>';

/** A prompt in a chat format. */
const WRAPPED = [
  ...['<bos>', START, 'user', '\n'].map(piece => token(piece, 'template')),
  token('Onion'),
  token(' soup.'),
  ...[END, '\n', START, 'model', '\n'].map(piece => token(piece, 'template'))
];

/** Turns that the user wrote, the last of them without the model's. */
const WRITTEN = [
  token('<bos>', 'template'),
  token(START, 'control'),
  token('user'),
  token('\n'),
  token('Onion.'),
  token(END, 'control'),
  token('\n'),
  token(START, 'control'),
  token('model'),
  token('\n'),
  token('Avoid.'),
  ...[END, '\n', START, 'model', '\n'].map(piece => token(piece, 'template'))
];

const ANSWER = [token(' Hi'), token(' there.')];

describe('map/turn', () => {
  let host: HTMLElement;
  let stage: Stage;
  let picked: number[];

  beforeEach(() => {
    stage = new Stage();
    host = stage.host;
    picked = [];
  });

  afterEach(() => stage.dispose());

  function show(
    promptTokens: Token[],
    props: Partial<ISalienceTextProps> = {}
  ): void {
    const run = { promptTokens, answerTokens: ANSWER };
    drawSalienceText(stage, run, {
      onPick: at => picked.push(at),
      ...props
    });
  }

  const added = () => [
    ...host.querySelectorAll<HTMLButtonElement>('button.lit-turn')
  ];
  const written = () => [
    ...host.querySelectorAll<HTMLElement>('[data-segment][data-turn]')
  ];
  const states = () =>
    [...added(), ...written()].map(e => e.getAttribute('aria-expanded'));

  it('shows who speaks, and nothing of the template as text', () => {
    show(WRAPPED);
    expect(flowText(host)).toBe('Onion soup. Hi there.');
    expect(added().map(e => e.getAttribute('aria-label'))).toEqual([
      'User, added',
      'Model, added'
    ]);
    expect(added().map(e => e.title)).toEqual([
      expect.stringContaining('<bos><start_of_turn>user⏎, 4 tokens'),
      expect.stringContaining('<end_of_turn>⏎<start_of_turn>model⏎, 5 tokens')
    ]);
    expect(written()).toHaveLength(0);
  });

  it('unfolds by click, and makes no target of it', () => {
    show(WRAPPED);
    expect(states()).toEqual(['false', 'false']);
    act(() => added()[1].click());
    expect(states()).toEqual(['true', 'true']);
    expect(added()[1].dataset.spelled).toBe(
      '<end_of_turn>⏎<start_of_turn>model⏎'
    );
    expect(added()[1].getAttribute('aria-label')).toContain(START);
    act(() => added()[0].click());
    expect(states()).toEqual(['false', 'false']);
    expect(picked).toEqual([]);
  });

  it('has no label for a beginning alone', () => {
    show([token('<bos>', 'template'), token('Onion.')]);
    expect(added()).toHaveLength(0);
  });

  it('keeps what was written as text, folded behind who speaks', () => {
    show(WRITTEN);
    expect(flowText(host)).toBe(
      `${START}user\nOnion.${END}\n${START}model\nAvoid. Hi there.`
    );
    expect(written().map(e => e.getAttribute('aria-label'))).toEqual([
      'User',
      'Model'
    ]);
    expect(added().map(e => e.getAttribute('aria-label'))).toEqual([
      'Model, added'
    ]);
    act(() => written()[0].click());
    expect(states()).toEqual(['true', 'true', 'true']);
    expect(written()[1].getAttribute('aria-label')).toBe(
      `Model, written: ${END}\n${START}model`
    );
    act(() => {
      written()[1].focus();
      written()[1].dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })
      );
    });
    expect(states()).toEqual(['false', 'false', 'false']);
    expect(picked).toEqual([]);
  });

  it('says whether what was written is marked', () => {
    const marks = () =>
      written().map(
        e => /, (.*marked)$/.exec(e.getAttribute('aria-label')!)?.[1]
      );
    show(WRITTEN);
    expect(marks()).toEqual([undefined, undefined]);
    // All of the first role, and the end of the second.
    show(WRITTEN, {
      marked: [
        [1, 4],
        [8, 10]
      ]
    });
    expect(marks()).toEqual(['marked', 'partly marked']);
    show(WRITTEN, { marked: [] });
    expect(marks()).toEqual([undefined, undefined]);
  });

  it('gives what was written a share, and the template none of it', () => {
    const run = { promptTokens: WRITTEN, answerTokens: ANSWER };
    const target = [16, 18] as const;
    const text = cutText(run, 'sentences', target);
    const scores = [...WRITTEN, ...ANSWER].map((_, i) =>
      i < 11 ? 1 : i < 16 ? 3 : 0
    );
    const map = makeMap(text, scores, target, DEFAULT_SETTINGS);
    show(WRITTEN, { text, map, target });
    expect(written().map(e => [e.dataset.rank, e.dataset.share])).toEqual([
      ['2', '0.3000'],
      ['1', '0.5000']
    ]);
    expect(host.querySelectorAll('[data-badge="1"]')).toHaveLength(1);
    // The squares of the template's scores, against the segments'.
    expect(map.templateShare).toBeCloseTo(0.821);
  });
});
