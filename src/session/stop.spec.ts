import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, FakeSource, settle } from './fakes';
import { tokens } from './fixtures';
import { keptRun, recordOf } from './run';
import { Session } from './session';
import { readSettings } from './settings';
import {
  describeStopped,
  describeStops,
  escapeStop,
  quoteStop,
  readStops,
  unescapeStop
} from './stop';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Q: a';

describe('session/stop', () => {
  it.each([
    ['\n\nQ:', '\\n\\nQ:'],
    ['\r\n\t', '\\r\\n\\t'],
    ['\\n', '\\\\n'],
    ['a\\b', 'a\\\\b'],
    ['“<b>”', '“<b>”'],
    ['\\\\\n', '\\\\\\\\\\n']
  ])('shows %j as it is typed, and back', (stop, shown) => {
    expect(escapeStop(stop)).toBe(shown);
    expect(unescapeStop(shown)).toBe(stop);
  });

  it('takes a backslash before anything else for one', () => {
    expect(unescapeStop('a\\b\\')).toBe('a\\b\\');
  });

  it('takes what is valid of settings that were written by hand', () => {
    const many = Array.from({ length: 12 }, (_, i) => `${i}`);
    expect(readStops(['a', '', 7, 'a', 'x'.repeat(101), '\n'])).toEqual([
      'a',
      '\n'
    ]);
    expect(readStops(many)).toEqual(many.slice(0, 8));
    expect(readStops('Q:')).toEqual([]);
    expect(readSettings({ stop: ['Q:', null] }).stop).toEqual(['Q:']);
  });

  it('shows what can’t be seen, and reads it again', () => {
    for (const [meant, shown] of [
      ['\u00a0', '\\u00a0'],
      ['a\u202eb', 'a\\u202eb'],
      ['\u200b\n', '\\u200b\\n'],
      ['\\u00a0', '\\\\u00a0'],
      ['\\N', '\\\\N']
    ]) {
      expect(escapeStop(meant)).toBe(shown);
      expect(unescapeStop(shown)).toBe(meant);
    }
    expect(unescapeStop('\\N')).toBe('\\N');
  });

  it('says where an answer is to end, and where it did', () => {
    expect(describeStops(undefined, trans)).toBe('');
    expect(describeStops([], trans)).toBe('');
    expect(describeStops(['Q:', '\n'], trans)).toBe('to stop at “Q:”, “\\n”');
    expect(describeStopped('Taste-likes:', trans)).toBe(
      'ended before “Taste-likes:”'
    );
    expect(describeStopped(null, trans)).toBe('ended before one of your texts');
    expect(quoteStop('🍲'.repeat(60), trans)).toBe(`“${'🍲'.repeat(39)}…”`);
  });
});

describe('session: runs with stop sequences', () => {
  const client = new FakeClient();
  const pages: Session[] = [];
  const page = async () => {
    const session = new Session(client, trans);
    pages.push(session);
    await session.service.refresh();
    return session;
  };

  afterAll(() => pages.forEach(session => session.dispose()));

  it('asks with them, and has them again after a reload and in the history', async () => {
    const session = await page();
    session.settings = { ...session.settings, stop: ['\nQ:', 'A:'] };
    session.open(new FakeSource(PROMPT));
    const running = session.runs.generate();
    await settle();
    const job = client.last;
    expect(job.request).toMatchObject({
      kind: 'generate',
      stop: ['\nQ:', 'A:']
    });
    job.answer(PROMPT, ' b.', '\nQ:');
    await running;
    await settle();
    expect(session.runs.shown).toMatchObject({
      reason: 'stop',
      stoppedAt: '\nQ:'
    });

    const next = await page();
    void next.restore(JSON.parse(JSON.stringify(session.save())));
    await settle();
    expect(next.runs.shown).toMatchObject({
      stop: ['\nQ:', 'A:'],
      reason: 'stop',
      stoppedAt: '\nQ:'
    });

    const record = recordOf(next.runs.shown!, []);
    expect(record).toMatchObject({
      stop: ['\nQ:', 'A:'],
      reason: 'stop',
      stopped_at: '\nQ:'
    });
    expect(
      recordOf({ ...next.runs.shown!, forcedAnswer: ' b.' }, []).stop
    ).toEqual([]);
    const opened = await page();
    opened.reopen(record, new FakeSource(PROMPT));
    expect(opened.runs.shown).toMatchObject({
      stop: ['\nQ:', 'A:'],
      stoppedAt: '\nQ:',
      phase: 'done'
    });
  });

  it('opens a run of before there were any', () => {
    const session = pages[0];
    const { stop, stopped_at, ...earlier } = recordOf(session.runs.shown!, []);
    expect(stop).toHaveLength(2);
    expect(stopped_at).not.toBeNull();
    const run = keptRun({
      ...earlier,
      answer_tokens: tokens(' b.')
    } as Parameters<typeof keptRun>[0]);
    expect(run).toMatchObject({ stop: [], stoppedAt: null });
  });
});
