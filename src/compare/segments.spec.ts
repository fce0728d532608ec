import type { Token } from '../api';
import type { Granularity } from '../salience';
import { tokens } from '../session/fixtures';
import { cutText, textOf } from '../session/runText';
import type { IText } from '../session/runText';
import { startRun } from '../session/run';
import {
  alignSegments,
  differenceOfTexts,
  joinAlignments,
  segmentsIn,
  wordsWithin
} from './segments';
import type { Part, Side } from './segments';
import { counterpart } from './targets';

const BOS: Token = { id: 2, piece: '<bos>', text: '', kind: 'template' };

function text(
  prompt: string,
  answer: string,
  granularity: Granularity = 'sentences',
  hasTemplate = true
): IText {
  const run = {
    ...startRun(
      { model: 'demo', prompt, values: {}, sampling: {}, origin: null },
      ''
    ),
    promptTokens: [...(hasTemplate ? [BOS] : []), ...tokens(prompt)],
    answerTokens: tokens(answer)
  };
  return cutText(run, granularity, null);
}

/** Pairs of a part, as their texts. */
function pairs(
  left: IText,
  right: IText,
  part: Part,
  granularity: Granularity = 'sentences'
): string[] {
  const say = (side: IText, index: number | null) =>
    index === null ? '–' : textOf(side.tokens, side.segments[index]).trim();
  return alignSegments(left, right, part, granularity).map(
    pair => `${say(left, pair.left)}|${say(right, pair.right)}`
  );
}

const LEFT = text('Be brief. Take care.\nGo:', ' It is so. Try it.');
const RIGHT = text('Take good care.\nGo:', ' It is so. Avoid it now.');

describe('compare/segments', () => {
  it('aligns prompt with prompt and answer with answer', () => {
    expect(pairs(LEFT, RIGHT, 'prompt')).toEqual([
      'Be brief.|–',
      'Take care.|Take good care.',
      'Go:|Go:'
    ]);
    expect(pairs(LEFT, RIGHT, 'answer')).toEqual([
      'It is so.|It is so.',
      'Try it.|Avoid it now.'
    ]);
  });

  it('counts the answer’s segments behind the prompt’s', () => {
    const [first] = alignSegments(LEFT, RIGHT, 'answer', 'sentences');
    expect([first.left, first.right]).toEqual([3, 2]);
  });

  it('aligns what another tokenizer or template cut', () => {
    const plain = text(
      'Be brief. Take care.\nGo:',
      ' Yes.',
      'sentences',
      false
    );
    expect(
      alignSegments(LEFT, plain, 'prompt', 'sentences').map(pair => pair.kind)
    ).toEqual(['same', 'same', 'same']);
  });

  it('aligns words only within sentences that belong together', () => {
    const left = text('the cat, here. Be the one.', ' Yes.', 'words');
    const right = text('Be the one.', ' Yes.', 'words');
    expect(pairs(left, right, 'prompt', 'words')).toEqual([
      'the|–',
      'cat,|–',
      'here.|–',
      'Be|Be',
      'the|the',
      'one.|one.'
    ]);
  });

  it('does not take different words for one that changed', () => {
    const left = text('Suggestion: Onion soup', ' Yes.', 'words');
    const right = text('Suggestion: Onion tart', ' Yes.', 'words');
    expect(pairs(left, right, 'prompt', 'words')).toEqual([
      'Suggestion:|Suggestion:',
      'Onion|Onion',
      'soup|–',
      '–|tart'
    ]);
  });

  it('finds for each segment its pair', () => {
    const { of } = joinAlignments([
      alignSegments(LEFT, RIGHT, 'prompt', 'sentences'),
      alignSegments(LEFT, RIGHT, 'answer', 'sentences')
    ]);
    expect(of.left.map(pair => pair.right)).toEqual([null, 0, 1, 2, 3]);
    expect(of.right.map(pair => pair.left)).toEqual([1, 2, 3, 4]);
  });

  it('tells sentences that differ, and their words', () => {
    const { changes, same, words } = differenceOfTexts(LEFT, RIGHT, 'prompt');
    expect(changes.map(change => change.kind)).toEqual(['removed', 'changed']);
    expect(same).toBe(1);
    const all = (side: IText) => textOf(side.tokens, [0, side.tokens.length]);
    expect(words.left.map(span => all(LEFT).slice(...span))).toEqual([
      'Be brief.'
    ]);
    expect(words.right.map(span => all(RIGHT).slice(...span))).toEqual([
      'good'
    ]);
  });

  it('tells nothing of texts that are the same', () => {
    expect(differenceOfTexts(LEFT, LEFT, 'answer')).toEqual({
      changes: [],
      same: 2,
      words: { left: [], right: [] }
    });
  });

  it('cuts words at segments, in units of each', () => {
    const left = text('one two three', ' Yes.', 'words');
    // "wo thr"
    expect(wordsWithin(left, [[5, 11]])).toEqual([[], [[2, 4]], [[0, 4]], []]);
  });

  it('finds the segments that tokens overlap', () => {
    expect(
      segmentsIn(
        [
          [0, 2],
          [2, 5],
          [5, 6]
        ],
        [1, 3]
      )
    ).toEqual([0, 1]);
    expect(segmentsIn([[0, 2]], [2, 3])).toEqual([]);
  });

  it('stays quick on prompts of 20,000 words that differ everywhere', () => {
    const sentence = (i: number, word: string) =>
      `${word} ${i} says that ${word} ${i * 7} is one of ${word}.`;
    const long = (word: string) =>
      text(
        Array.from({ length: 2000 }, (_, i) => sentence(i, word)).join(' '),
        ' Yes.'
      );
    const [left, right] = [long('left'), long('right')];
    const { changes } = differenceOfTexts(left, right, 'prompt');
    expect(changes.length).toBeGreaterThanOrEqual(2000);
  });
});

describe('compare/targets', () => {
  const matched = (
    left: IText,
    right: IText,
    side: Side,
    target: readonly [number, number]
  ) => {
    const found = counterpart(
      side,
      target,
      [left, right],
      joinAlignments([alignSegments(left, right, 'answer', 'sentences')])
    );
    const other = side === 'left' ? right : left;
    return found && [found.match, textOf(other.tokens, found.span).trim()];
  };

  it('offers the same sentence, wherever it stands', () => {
    const right = text('Go:', ' Well then. It is so. Avoid it now.');
    expect(matched(LEFT, right, 'left', LEFT.answer[0])).toEqual([
      'same',
      'It is so.'
    ]);
  });

  it('offers a like one, from either side', () => {
    expect(matched(LEFT, RIGHT, 'left', LEFT.answer[1])).toEqual([
      'alike',
      'Avoid it now.'
    ]);
    expect(matched(LEFT, RIGHT, 'right', RIGHT.answer[1])).toEqual([
      'alike',
      'Try it.'
    ]);
  });

  it('offers the one in the same place when none is like it', () => {
    const right = text('Go:', ' It is so. Never!');
    expect(matched(LEFT, right, 'left', LEFT.answer[1])).toEqual([
      'place',
      'Never!'
    ]);
  });

  it('offers nothing where the other answer has ended', () => {
    const right = text('Go:', ' It is so.');
    expect(matched(LEFT, right, 'left', LEFT.answer[1])).toBeNull();
  });

  it('offers all that belongs to a target of several sentences', () => {
    const span = [LEFT.answer[0][0], LEFT.answer[1][1]] as const;
    expect(matched(LEFT, RIGHT, 'left', span)).toEqual([
      'alike',
      'It is so. Avoid it now.'
    ]);
  });
});
