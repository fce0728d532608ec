import { nullTranslator } from '@jupyterlab/translation';
import React from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { changed, INSTEAD, pathsOf } from '../api/damage';
import type { Json } from '../api/damage';
import { checkLook } from './checked';
import { finished, LOOK } from './fixtures';
import { makeOutput, readOutput } from './output';
import { MIME_TYPE } from './mime';
import { UnreadableRun } from './packed';
import { Reader } from './reader';
import { Reading } from './reading';

const trans = nullTranslator.load('lit_lab');
const RUN = finished('One. Two.', ' Three.', {
  terms: { name: 'Terms', url: 'https://example.org' }
});
RUN.scores!.push({
  mode: 'mask',
  event: {
    event: 'segment_scores',
    target: { start: 3, end: 4 },
    method: 'lime',
    segments: [{ start: 0, end: 2 }],
    scores: [0.5],
    errors: [0.1],
    logprob: -1,
    passes: 9,
    sets: null,
    adaptive: false,
    foil: null
  }
});

/** As a notebook holds it. */
const PACKED = makeOutput(new Reading(RUN), LOOK, [3, 4], trans)[
  MIME_TYPE
] as unknown as Json;
const PLAIN = JSON.parse(
  JSON.stringify({ ...RUN, look: LOOK, target: [3, 4] })
) as Json;

/** Draw what is read, as the renderer does; what React says of it is an error. */
function draw(data: unknown): 'drawn' | 'refused' {
  let read: ReturnType<typeof readOutput>;
  try {
    read = readOutput(data);
  } catch (reason) {
    expect(reason).toBeInstanceOf(UnreadableRun);
    expect((reason as Error).message).toMatch(/^[A-Z].*\.$/s);
    return 'refused';
  }
  const node = document.createElement('div');
  const root = createRoot(node);
  flushSync(() =>
    root.render(
      <Reader
        readings={[read.reading]}
        look={read.look}
        targets={[read.target]}
        trans={trans}
      />
    )
  );
  expect(node.querySelector('article')).not.toBeNull();
  expect(node.querySelector('img, script, iframe')).toBeNull();
  root.unmount();
  return 'drawn';
}

describe.each([
  ['packed', PACKED],
  ['plain', PLAIN]
])('a run that is %s and was changed', (_, good) => {
  it('is drawn as it was', () => {
    expect(draw(good)).toBe('drawn');
  });

  const paths = pathsOf(good);
  // Of lists that are alike, a part.
  const some = paths.filter(path =>
    path.every(name => !/^[4-9]|\d\d/.test(name))
  );

  it.each([...INSTEAD.keys()])(
    'is drawn or refused in words, with value %s anywhere in it',
    index => {
      const errors = jest.spyOn(console, 'error').mockImplementation();
      for (const path of some) {
        try {
          draw(changed(good, path, INSTEAD[index]));
        } catch (reason) {
          throw new Error(`${path.join('.')}: ${String(reason)}`);
        }
      }
      expect(errors).not.toHaveBeenCalled();
      errors.mockRestore();
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  );
});

describe('checkLook', () => {
  it('takes the lines as they were joined; in older files they were not', () => {
    const { joinLines, ...older } = LOOK;
    expect(checkLook(older).joinLines).toBe('off');
    expect(checkLook(undefined).joinLines).toBe('off');
    expect(checkLook({ ...LOOK, joinLines: 'on' }).joinLines).toBe('on');
    expect(checkLook({ ...LOOK, joinLines: 7 }).joinLines).toBe('auto');
    expect(readOutput(PACKED).look.joinLines).toBe(joinLines);
  });
});

describe('checkRun', () => {
  const said = (path: string[], to: Json | undefined): string => {
    try {
      readOutput(changed(PLAIN, path, to));
    } catch (reason) {
      return (reason as Error).message;
    }
    return '';
  };

  it.each([
    [['prompt'], 7, 'prompt is no text'],
    [
      ['prompt_tokens', '1', 'kind'],
      'html',
      'prompt_tokens[1].kind is none of'
    ],
    [['created'], 1e15, 'created is out of range'],
    [
      ['scores', '0', 'event', 'target', 'end'],
      99,
      'target.end is out of range'
    ],
    [['scores', '0', 'event', 'scores'], [1], 'scores has fewer than'],
    [['scores', '2', 'event', 'segments'], [], 'scores has more than 0 items'],
    [['sampling'], undefined, 'sampling is no object'],
    [
      ['sampling', 'repetition_penalty'],
      'x',
      'sampling.repetition_penalty is no number'
    ],
    [['stop'], ['Q:', 7], 'stop[1] is no text'],
    [['stopped_at'], 7, 'stopped_at is no text']
  ] as [string[], Json | undefined, string][])(
    'says of %j what is wrong',
    (path, to, words) => {
      expect(said(path, to)).toContain(words);
    }
  );

  it('reads a run of before there was a repetition penalty', () => {
    const earlier = changed(
      PLAIN,
      ['sampling', 'repetition_penalty'],
      undefined
    );
    expect(readOutput(earlier).reading.record).toEqual(RUN);
  });

  it('takes nothing along that is no field of a run', () => {
    const { record } = readOutput({
      ...(PLAIN as object),
      more: { of: 'this' }
    }).reading;
    expect(record).toEqual(RUN);
  });

  it('refuses what is far too long', () => {
    const words = (change: object) => {
      try {
        readOutput({ ...(PLAIN as object), ...change });
      } catch (reason) {
        return (reason as Error).message;
      }
      return '';
    };
    expect(words({ prompt: 'x'.repeat(4_000_001) })).toContain('too long');
    expect(words({ scores: new Array(100_001).fill(null) })).toContain(
      'more than 100000 items'
    );
  });

  it('leaves out scores by a method that is not known', () => {
    const data = changed(PLAIN, ['scores', '0', 'event', 'method'], 'later');
    expect(readOutput(data).reading.record.scores).toHaveLength(2);
  });
});
