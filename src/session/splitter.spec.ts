import { nullTranslator } from '@jupyterlab/translation';

import { patternStarts } from '../salience/pattern';
import { FakeClient, FakeSource, settle } from './fakes';
import { Session } from './session';
import { PATIENCE, Splitter } from './splitter';
import type { IMatcher, IMatching } from './splitter';

const trans = nullTranslator.load('lit_lab');

/** A worker that starts and answers on demand. */
class FakeWorker implements IMatcher {
  onmessage: IMatcher['onmessage'] = null;
  onerror: IMatcher['onerror'] = null;
  asked: IMatching[] = [];
  isEnded = false;

  postMessage(message: IMatching): void {
    this.asked.push(message);
  }

  terminate(): void {
    this.isEnded = true;
  }

  /** It has started, or begins with a text. */
  begin(): void {
    this.onmessage!({ data: null } as MessageEvent<null>);
  }

  answer(): void {
    const { texts, pattern } = this.asked[this.asked.length - 1];
    this.onmessage!({
      data: texts.map(text => patternStarts(text, pattern))
    } as MessageEvent<number[][]>);
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

  it('asks a worker once for all texts, and remembers', () => {
    splitter.pattern = ', ';
    const { cut } = splitter;
    expect(cut('a, b')).toBeNull();
    expect(cut('c, d, e')).toBeNull();
    splitter.match();
    // It isn't asked before it has started.
    expect(workers[0].asked).toHaveLength(0);
    expect(splitter.match()).toBe(true);
    workers[0].begin();
    expect(workers[0].asked).toEqual([
      { texts: ['a, b', 'c, d, e'], pattern: ', ' }
    ]);
    changes = 0;
    workers[0].answer();
    expect(changes).toBe(1);
    expect(splitter.match()).toBe(false);
    expect(splitter.cut).not.toBe(cut);
    expect(splitter.cut('a, b')).toEqual([0, 3]);
    expect(splitter.cut('c, d, e')).toEqual([0, 3, 6]);
    splitter.match();
    expect(workers).toHaveLength(1);
    expect(workers[0].asked).toHaveLength(1);
  });

  it('remembers what is shown, however many texts, and forgets what isn’t', () => {
    const turns = Array.from({ length: 50 }, (_, i) => `turn, ${i}`);
    splitter.pattern = ', ';
    turns.forEach(text => splitter.cut(text));
    splitter.match();
    workers[0].begin();
    workers[0].answer();
    for (const answer of ['a, b', 'a, b, c']) {
      expect(turns.map(text => splitter.cut(text))).not.toContain(null);
      expect(splitter.cut(answer)).toBeNull();
      splitter.match();
      expect(workers[0].asked.pop()?.texts).toEqual([answer]);
      workers[0].asked.push({ texts: [answer], pattern: ', ' });
      workers[0].answer();
    }
    expect(splitter.cut('a, b, c')).toEqual([0, 3, 6]);
    // Nobody has asked for it again.
    expect(splitter.cut('a, b')).toBeNull();
  });

  it('matches the newest text only when its worker was slow to start', () => {
    splitter.pattern = ', ';
    for (const answer of ['a', 'a, b', 'a, b, c']) {
      splitter.cut('prompt');
      splitter.cut(answer);
      splitter.match();
    }
    workers[0].begin();
    expect(workers[0].asked.map(({ texts }) => texts)).toEqual([
      ['prompt', 'a, b, c']
    ]);
    // What a worker says that was ended meanwhile counts no more.
    const ended = workers[0].onmessage!;
    splitter.pattern = 'b';
    splitter.cut('abc');
    splitter.match();
    ended({ data: [[0]] } as unknown as MessageEvent<number[][]>);
    expect(splitter.cut('abc')).toBeNull();
  });

  it('gives up what takes too long, and ends it', () => {
    splitter.pattern = '(a+)+$';
    splitter.cut('aaaa!');
    splitter.match();
    // That a worker is slow to start, or to begin, doesn't count.
    jest.advanceTimersByTime(10 * PATIENCE);
    workers[0].begin();
    jest.advanceTimersByTime(10 * PATIENCE);
    workers[0].begin();
    jest.advanceTimersByTime(PATIENCE - 1);
    expect(splitter.problem).toBe('');
    jest.advanceTimersByTime(1);
    expect(splitter.problem).toContain('too long');
    expect(splitter.match()).toBe(false);
    expect(workers[0].isEnded).toBe(true);
    // Not again, until it is another expression.
    expect(splitter.cut('aaaa!')).toBeNull();
    splitter.match();
    expect(workers).toHaveLength(1);
    splitter.pattern = '!';
    expect(splitter.problem).toBe('');
    splitter.cut('a!b');
    splitter.match();
    workers[1].begin();
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
    splitter.match();
    // A worker that is still starting knows of no expression yet.
    splitter.pattern = 'ax';
    splitter.cut('xax');
    splitter.match();
    workers[0].begin();
    expect(workers[0].asked).toEqual([{ texts: ['xax'], pattern: 'ax' }]);
    // One that is matching may never end.
    splitter.pattern = 'x';
    expect(workers[0].isEnded).toBe(true);
    splitter.cut('xax');
    splitter.match();
    workers[1].begin();
    workers[1].answer();
    expect(splitter.cut('xax')).toEqual([0, 1]);
    // One that waits stays.
    splitter.pattern = 'a';
    splitter.cut('xax');
    splitter.match();
    expect(workers).toHaveLength(2);
    workers[1].answer();
    expect(splitter.cut('xax')).toEqual([0, 2]);
  });

  it('tells a worker that can’t be had, and tries another one next time', () => {
    splitter.pattern = 'a';
    splitter.cut('a');
    splitter.match();
    workers[0].onerror!(new ErrorEvent('error', { message: 'blocked' }));
    expect(splitter.problem).toContain('blocked');
    splitter.pattern = 'b';
    splitter.cut('abc');
    splitter.match();
    workers[1].begin();
    workers[1].answer();
    expect(splitter.cut('abc')).toEqual([0, 2]);
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
    // The text stays as it is until then.
    const sentences = session.explanation.text;
    worker.begin();
    expect(session.explanation.text).toBe(sentences);
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
    // No sentences meanwhile, though the text is cut anew.
    const shown: unknown[] = [];
    session.changed.connect(() => shown.push(session.explanation.text));
    const { text } = session.explanation;
    session.settings = { ...session.settings, pattern: '\\n+' };
    worker.answer();
    expect(texts()).toContain('One, two. Three.');
    expect([...new Set(shown)]).toEqual([text, session.explanation.text]);
    session.settings = { ...session.settings, pattern: '(' };
    expect(session.patternProblem).toContain('Not a regular expression');
    expect(texts()).toContain('One, two.');
  });

  it('picks the segment that a click meant, once its ends are known', async () => {
    const { explanation } = session;
    const { seam } = explanation.text!;
    session.settings = {
      ...session.settings,
      granularity: 'custom',
      pattern: ',\\s|\\n+'
    };
    worker.begin();
    explanation.pickSegment(seam);
    // Nobody knows better yet.
    expect(explanation.target![1] - explanation.target![0]).toBeGreaterThan(1);
    worker.answer();
    expect(explanation.target).toEqual([seam, seam + 1]);
    worker.answer();
    expect(explanation.target).toEqual([seam, seam + 1]);
    // What was picked otherwise meanwhile stays.
    session.settings = { ...session.settings, pattern: '\\s' };
    explanation.pickSegment(seam);
    explanation.clear();
    worker.answer();
    expect(explanation.target).toBeNull();
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
