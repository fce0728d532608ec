import { act } from 'react';

import { Stage } from '../components/fixtures';
import { until } from '../session/fakes';
import { makeMap } from '../session/map';
import { cutText } from '../session/runText';
import { startRun } from '../session/run';
import { DEFAULT_SETTINGS } from '../session/settings';
import { drawSalienceText, flowText, token } from './fixtures';
import type { ISalienceTextProps } from './salienceText';

const PROMPT = [
  token('', 'template'),
  token('<unused0>', 'control'),
  token('user'),
  token('\n\n'),
  token('Say'),
  token(' <b>hi</b>.'),
  token('\n'),
  token('A:')
];
const ANSWER = [token(' Hi'), token(' there.'), token(' Bye'), token('.')];

const RUN = {
  ...startRun(
    { model: 'demo', prompt: '', values: {}, sampling: {}, origin: null },
    ''
  ),
  promptTokens: PROMPT,
  answerTokens: ANSWER
};

describe('map/salienceText', () => {
  let host: HTMLElement;
  let stage: Stage;
  let picked: [number, boolean][];

  beforeEach(() => {
    stage = new Stage();
    host = stage.host;
    picked = [];
  });

  afterEach(() => stage.dispose());

  function show(props: Partial<ISalienceTextProps> = {}): void {
    drawSalienceText(stage, RUN, {
      onPick: (at, extend) => picked.push([at, extend]),
      ...props
    });
  }

  /** With the answer's last sentence as the target. */
  function showMap(): void {
    const target = [10, 12] as const;
    const text = cutText(RUN, 'sentences', target);
    const scores = [9, 0, 0, 0, 3, 3, 0, 1, 2, 0, 0, 0];
    const map = makeMap(text, scores, target, DEFAULT_SETTINGS);
    show({ text, map, target });
  }

  const segments = () => [
    ...host.querySelectorAll<HTMLElement>('[data-segment]')
  ];
  const press = (key: string, init: KeyboardEventInit = {}) =>
    act(() => {
      document.activeElement!.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, ...init })
      );
    });

  it('shows exactly the text, and never as HTML', () => {
    show();
    expect(flowText(host)).toBe(
      '<unused0>user\n\nSay <b>hi</b>.\nA: Hi there. Bye.'
    );
    expect(host.querySelector('b')).toBeNull();
    expect(segments().map(s => s.textContent)).toEqual([
      '<unused0>user',
      'Say <b>hi</b>.',
      'A:',
      'Hi there.',
      'Bye.'
    ]);
    expect(host.querySelector('.lit-control')!.textContent).toBe('<unused0>');
  });

  it('draws what is in sight of a long text first, and then all of it', async () => {
    const run = {
      ...RUN,
      promptTokens: Array.from({ length: 900 }, (_, i) =>
        token(i % 9 < 8 ? ` w${i}` : '.\n')
      )
    };
    const whole = run.promptTokens.map(({ text }) => text).join('');
    show({ text: cutText(run, 'sentences', null) });
    const sentences = segments().length;
    // Of the groups, the second one alone is in the window.
    const sight = jest
      .spyOn(HTMLElement.prototype, 'getBoundingClientRect')
      .mockImplementation(function (this: HTMLElement) {
        const top = this.dataset.group === '1' ? 10 : 10_000;
        return { top, bottom: top + 10 } as DOMRect;
      });
    show({ text: cutText(run, 'tokens', null) });
    sight.mockRestore();
    const inPrompt = () =>
      host.querySelectorAll('[data-part="prompt"] [data-segment]').length;
    // And the third, into which a sentence of the second reached.
    expect(inPrompt()).toBe(128);
    const text = () => host.querySelector('[data-part="prompt"]')!.textContent;
    expect(text()).toBe(whole);
    await until(async () => {
      await act(async () => {
        await new Promise(done => setTimeout(done, 5));
      });
      return inPrompt() === 900;
    });
    expect(text()).toBe(whole);
    expect(sentences).toBeLessThan(110);
  });

  it('outlines the words of a target as one, and lines apart', () => {
    const target = [8, 12] as const;
    show({ text: cutText(RUN, 'words', target), target });
    expect(
      segments()
        .slice(-3)
        .map(s => [s.textContent, s.dataset.joins])
    ).toEqual([
      ['Hi', 'after'],
      [' there.', 'both'],
      [' Bye.', 'before']
    ]);
    const run = {
      ...RUN,
      answerTokens: [token(' Hi'), token('.'), token('\n'), token('Bye')]
    };
    show({ text: cutText(run, 'sentences', target), target });
    expect(
      segments()
        .slice(-2)
        .map(s => [s.textContent, s.dataset.joins])
    ).toEqual([
      ['Hi.', undefined],
      ['Bye', undefined]
    ]);
  });

  it('has prompt and answer as groups, and only the answer to pick', () => {
    show();
    const groups = [...host.querySelectorAll('[role="group"]')];
    expect(groups.map(g => g.getAttribute('aria-label'))).toEqual([
      'Prompt',
      'Answer'
    ]);
    expect(segments().map(s => s.getAttribute('aria-disabled'))).toEqual([
      'true',
      'true',
      'true',
      'false',
      'false'
    ]);
    show({ ready: false });
    expect(segments()[4].getAttribute('aria-disabled')).toBe('true');
  });

  it('picks by click, and extends by Shift-click', () => {
    show();
    act(() => segments()[3].click());
    act(() => {
      segments()[4].dispatchEvent(
        new MouseEvent('click', { bubbles: true, shiftKey: true })
      );
    });
    expect(picked).toEqual([
      [8, false],
      [10, true]
    ]);
  });

  it('is one stop of Tab, in which arrows move and Enter picks', () => {
    show();
    const stops = () => segments().map(s => s.tabIndex);
    expect(stops()).toEqual([0, -1, -1, -1, -1]);
    act(() => segments()[0].focus());
    press('ArrowRight');
    expect(document.activeElement).toBe(segments()[1]);
    press('End');
    expect(stops()).toEqual([-1, -1, -1, -1, 0]);
    press('ArrowRight');
    expect(document.activeElement).toBe(segments()[4]);
    press('ArrowUp');
    press('Enter');
    press('Enter', { shiftKey: true });
    expect(picked).toEqual([
      [8, false],
      [8, true]
    ]);
    // Drawing anew leaves the stop where it was.
    showMap();
    expect(stops()).toEqual([-1, -1, -1, 0, -1]);
  });

  it('tells rank, share and target by more than colour', () => {
    showMap();
    expect(segments().map(s => s.dataset.rank)).toEqual([
      '4',
      '1',
      '3',
      '2',
      undefined
    ]);
    expect(segments()[1].dataset.share).toBe('0.7826');
    expect(segments()[4].dataset.target).toBe('true');
    expect(segments()[4].getAttribute('aria-pressed')).toBe('true');
    const badges = [...host.querySelectorAll<HTMLElement>('[data-badge]')];
    expect(badges.map(b => b.dataset.badge)).toEqual(['1', '3', '2']);
    expect(badges.every(b => b.textContent === '')).toBe(true);
  });

  it('describes the segment under focus', () => {
    showMap();
    act(() => segments()[1].focus());
    const tip = host.querySelector('[role="tooltip"]')!;
    expect(tip.textContent).toContain('rank 1 of 4 · 78% of salience');
    expect(segments()[1].getAttribute('aria-describedby')).toBe(tip.id);
    press('Escape');
    expect(host.querySelector('[role="tooltip"]')).toBeNull();
    expect(segments()[1].hasAttribute('aria-describedby')).toBe(false);
  });
});
