import { nullTranslator } from '@jupyterlab/translation';

import { patternStarts } from '../salience/pattern';
import { FakeClient, FakeSource, settle } from './fakes';
import { Session } from './session';
import { PATIENCE, Splitter } from './splitter';
import type { IMatcher } from './splitter';

const trans = nullTranslator.load('lit_lab');

/** A worker that answers on demand. */
class FakeWorker implements IMatcher {
  onmessage: IMatcher['onmessage'] = null;
  onerror: IMatcher['onerror'] = null;
  asked: { text: string; pattern: string }[] = [];
  isEnded = false;

  postMessage(message: { text: string; pattern: string }): void {
    this.asked.push(message);
  }

  terminate(): void {
    this.isEnded = true;
  }

  begin(): void {
    this.onmessage!({ data: null } as MessageEvent<null>);
  }

  answer(): void {
    const { text, pattern } = this.asked[this.asked.length - 1];
    this.onmessage!({
      data: patternStarts(text, pattern)
    } as MessageEvent<number[]>);
  }
}

describe('session/splitter', () => {
  let workers: FakeWorker[];
  let splitter: Splitter;
  let changes: number;

  beforeEach(() => {
    jest.useFakeTimers();
    workers = [];
    splitter = new Splitter(() => {
      workers.push(new FakeWorker());
      return workers[workers.length - 1];
    }, trans);
    changes = 0;
    splitter.changed.connect(() => changes++);
  });

  afterEach(() => {
    splitter.dispose();
    jest.useRealTimers();
  });

  it('asks a worker, one text at a time, and remembers', () => {
    splitter.pattern = ', ';
    const { cut } = splitter;
    expect(cut('a, b')).toBeNull();
    expect(cut('c, d, e')).toBeNull();
    expect(workers[0].asked).toHaveLength(1);
    workers[0].answer();
    expect(splitter.cut).not.toBe(cut);
    expect(splitter.cut('a, b')).toEqual([0, 3]);
    workers[0].answer();
    expect(splitter.cut('c, d, e')).toEqual([0, 3, 6]);
    expect(workers).toHaveLength(1);
    expect(workers[0].asked).toHaveLength(2);
  });

  it('gives up what takes too long, and ends it', () => {
    splitter.pattern = '(a+)+$';
    splitter.cut('aaaa!');
    // That a worker is slow to start doesn't count.
    jest.advanceTimersByTime(10 * PATIENCE);
    workers[0].begin();
    jest.advanceTimersByTime(PATIENCE - 1);
    expect(splitter.problem).toBe('');
    jest.advanceTimersByTime(1);
    expect(splitter.problem).toContain('too long');
    expect(workers[0].isEnded).toBe(true);
    // Not again, until it is another expression.
    expect(splitter.cut('aaaa!')).toBeNull();
    expect(workers).toHaveLength(1);
    splitter.pattern = '!';
    expect(splitter.problem).toBe('');
    splitter.cut('a!b');
    workers[1].answer();
    expect(splitter.cut('a!b')).toEqual([0, 2]);
  });

  it('says what is wrong with an expression, and asks nobody', () => {
    for (const [pattern, says] of [
      ['(', 'Not a regular expression'],
      ['', 'Write an expression'],
      ['a'.repeat(501), 'longer than 500']
    ]) {
      splitter.pattern = pattern;
      expect(splitter.problem).toContain(says);
      expect(splitter.cut('a')).toBeNull();
    }
    expect(workers).toHaveLength(0);
  });

  it('lets go of what was asked for another expression', () => {
    splitter.pattern = 'a';
    splitter.cut('xax');
    splitter.pattern = 'x';
    expect(workers[0].isEnded).toBe(true);
    splitter.cut('xax');
    workers[1].answer();
    expect(splitter.cut('xax')).toEqual([0, 1]);
  });

  it('tells a worker that can’t be had', () => {
    splitter.pattern = 'a';
    splitter.cut('a');
    workers[0].onerror!(new ErrorEvent('error', { message: 'blocked' }));
    expect(splitter.problem).toContain('blocked');
  });
});

describe('session: segments by an expression, maps of a part', () => {
  const PROMPT = 'One, two. Three.\n\nFour, five.\nA:';
  const ANSWER = ' Yes, it is. No.';
  let client: FakeClient;
  let session: Session;
  let worker: FakeWorker;

  beforeEach(async () => {
    client = new FakeClient();
    worker = new FakeWorker();
    session = new Session(client, trans, new Splitter(() => worker, trans));
    await session.service.refresh();
    session.open(new FakeSource(PROMPT));
    const running = session.runs.generate();
    await settle();
    client.last.answer(PROMPT, ANSWER);
    await running;
    await settle();
    client.last.scores(0, 1);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
  });

  afterEach(() => session.dispose());

  const texts = () =>
    session.explanation.text!.segments.map(([start, end]) =>
      session.explanation
        .text!.tokens.slice(start, end)
        .map(t => t.text)
        .join('')
        .trim()
    );

  it('cuts where the expression says, once that is known', async () => {
    session.settings = {
      ...session.settings,
      granularity: 'custom',
      pattern: ',\\s|\\n+'
    };
    // Sentences until then.
    expect(texts()).toContain('One, two.');
    worker.answer();
    worker.answer();
    expect(texts()).toEqual([
      'One,',
      'two. Three.',
      'Four,',
      'five.',
      'A:',
      'Yes,',
      'it is. No.'
    ]);
    const before = session.explanation.text;
    session.settings = { ...session.settings, intensity: 0.3 };
    expect(session.explanation.text).toBe(before);
    // A target is a segment of that kind.
    session.explanation.pickSegment(session.explanation.text!.seam);
    await settle();
    expect(texts()).toContain('Yes,');
    expect(
      session.explanation.target![1] - session.explanation.target![0]
    ).toBe(1);
    session.settings = { ...session.settings, pattern: '(' };
    expect(session.patternProblem).toContain('Not a regular expression');
    expect(texts()).toContain('One, two.');
  });

  it('makes the map of a part, whose shares are of that part', async () => {
    session.explanation.pickSegment(
      session.explanation.text!.tokens.length - 1
    );
    await settle();
    const whole = session.explanation.map!;
    const { text } = session.explanation;
    const first = text!.segments[0];
    const second = text!.segments[1];
    session.explanation.restrict([first[0], second[1]]);
    const part = session.explanation.map!;
    expect(part.within).toEqual([first[0], second[1]]);
    expect(part.segments.map(s => s.rank !== null)).toEqual(
      text!.segments.map((_, i) => i < 2)
    );
    const shares = part.segments.map(s => s.share ?? 0);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1);
    expect(Math.max(...part.weights.map(Math.abs))).toBe(1);
    // Scores stay what they are; without another request.
    expect(part.segments.map(s => s.score)).toEqual(
      whole.segments.map(s => s.score)
    );
    session.explanation.restrict(null);
    expect(session.explanation.map).toEqual(whole);
    // Another run has other tokens.
    session.explanation.restrict([first[0], second[1]]);
    void session.runs.generate();
    await settle();
    client.last.answer(PROMPT, ANSWER);
    await settle();
    expect(session.explanation.within).toBeNull();
  });
});
