import { act } from 'react';

import type { AnswerToken } from '../api';
import { Stage } from '../components/fixtures';
import { drawSalienceText, flowText, token } from './fixtures';
import type { ISalienceTextProps } from './salienceText';

const PROMPT = [token('Is it sweet?')];
const ANSWER = [
  '<think>',
  '\n',
  'It is cake.',
  ' Cake is sweet.',
  '\n',
  '</think>',
  '\n\n',
  'Yes.',
  ' Very.'
].map(text => token(text));

describe('map/thought', () => {
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
    answer: AnswerToken[],
    props: Partial<ISalienceTextProps> = {}
  ): void {
    const run = { promptTokens: PROMPT, answerTokens: answer };
    drawSalienceText(stage, run, {
      onPick: at => picked.push(at),
      ...props
    });
  }

  const fold = () =>
    host.querySelector<HTMLButtonElement>('button[data-thought]');
  const shownText = () => flowText(host);
  const segments = () =>
    [...host.querySelectorAll<HTMLElement>('[data-segment]')].map(
      element => [Number(element.dataset.segment), element.textContent] as const
    );

  it('folds what was thought, and unfolds it', () => {
    show(ANSWER);
    expect(shownText()).toBe('Is it sweet?Yes. Very.');
    expect(fold()?.getAttribute('aria-expanded')).toBe('false');
    expect(fold()?.getAttribute('aria-label')).toBe('Thinking, 7 tokens');
    const folded = segments();
    act(() => fold()!.click());
    expect(fold()?.getAttribute('aria-expanded')).toBe('true');
    expect(shownText()).toContain('<think>\nIt is cake. Cake is sweet.');
    // What is said keeps its places among all segments.
    for (const segment of folded) {
      expect(segments()).toContainEqual(segment);
    }
    expect(segments().map(([at]) => at)).toEqual(segments().map((_, i) => i));
    act(() => fold()!.click());
    expect(segments()).toEqual(folded);
  });

  it('lets a sentence of it be chosen, and keeps that in sight', () => {
    show(ANSWER);
    act(() => fold()!.click());
    const sentence = [
      ...host.querySelectorAll<HTMLElement>('[data-segment]')
    ].find(element => element.textContent!.includes('Cake is sweet'))!;
    act(() => sentence.click());
    expect(picked).toEqual([4]);
    act(() => fold()!.click());
    show(ANSWER, { target: [4, 5] });
    expect(fold()?.getAttribute('aria-expanded')).toBe('true');
    expect(fold()?.disabled).toBe(true);
    expect(shownText()).toContain('Cake is sweet.');
  });

  it('is there while the model thinks, and not where it does not', () => {
    show(ANSWER.slice(0, 4), { answering: true });
    expect(shownText()).toBe('Is it sweet?');
    expect(fold()).not.toBeNull();
    show(ANSWER.slice(7));
    expect(fold()).toBeNull();
    expect(shownText()).toBe('Is it sweet?Yes. Very.');
  });
});
