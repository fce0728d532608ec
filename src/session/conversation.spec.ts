import { nullTranslator } from '@jupyterlab/translation';

import type { Turn } from '../api';
import { checkRun } from '../api/record';
import { chatNote } from './chat';
import { checkTurns, joinTurns, textOfTurns, turnsIn } from './conversation';
import { FakeClient, FakeSource, settle } from './fakes';
import { KeptSource } from './keptsource';
import { cutText, textOf } from './runText';
import { keptRun, recordOf } from './run';
import { Session } from './session';
import { DEFAULT_SETTINGS } from './settings';
import { shadesOf } from './shades';
import type { IPromptText } from './source';
import { fill } from './template';

const trans = nullTranslator.load('lit_lab');

const TURNS: readonly Turn[] = [
  { role: 'system', text: 'Be brief.' },
  { role: 'user', text: 'A red fruit?' },
  { role: 'model', text: 'Apple.' },
  { role: 'user', text: 'A green one?' }
];

const TEXT =
  'System\nBe brief.\n\nUser\nA red fruit?\n\nModel\nApple.\n\nUser\nA green one?';

describe('session/conversation', () => {
  it('has a conversation as text, and each turn’s place in it', () => {
    const { value, turns } = joinTurns(TURNS);
    expect(value).toBe(TEXT);
    expect(turnsIn(value, turns)).toEqual(TURNS);
    expect(textOfTurns(TURNS.slice(1, 2))).toBe('A red fruit?');
    expect(textOfTurns(TURNS.slice(0, 1))).toBe('System\nBe brief.');
  });

  it('moves turns with the values of their fields', () => {
    const raw: Turn[] = [
      { role: 'system', text: '{x}' },
      { role: 'user', text: 'A {y} one, {x}?' }
    ];
    const { value, turns } = joinTurns(raw);
    const at = (name: string, from = 0) => {
      const start = value.indexOf(`{${name}}`, from);
      return { name, expression: name, value: [start, start + 3] as const };
    };
    const text: IPromptText = {
      kind: 'string',
      value,
      turns,
      map: [],
      fields: [at('x'), at('y'), at('x', 14)]
    };
    const filled = fill(text, { x: 'Be brief', y: '' });
    expect(turnsIn(filled.value, filled.turns!)).toEqual([
      { role: 'system', text: 'Be brief' },
      { role: 'user', text: 'A  one, Be brief?' }
    ]);
  });

  it('says what is wrong with turns before any request', () => {
    expect(checkTurns(TURNS, false, trans)).toBeNull();
    expect(checkTurns(TURNS, true, trans)?.message).toMatch(/chat format/);
    const empty = [TURNS[1], { role: 'model', text: ' \n' } as const];
    expect(checkTurns(empty, false, trans)?.message).toBe(
      'Turn 2 has no text.'
    );
  });

  describe('in a session', () => {
    let client: FakeClient;
    let session: Session;

    beforeEach(async () => {
      client = new FakeClient();
      session = new Session(client, trans);
      await session.service.refresh();
      session.prompt.editTurns(TURNS);
    });

    afterEach(() => session.dispose());

    async function run(system: 'turn' | 'user' | null = 'turn') {
      const running = session.runs.generate();
      await settle();
      const { request } = client.last;
      client.last.answerTurns(' Pear.', system);
      await running;
      await settle();
      return request;
    }

    it('is run as turns, and stays the prompt’s until it is edited', async () => {
      const request = await run();
      expect(request).toMatchObject({ turns: TURNS });
      expect(request).not.toHaveProperty('prompt');
      expect(session.prompt.value).toBe(TEXT);
      expect(session.runs.isStale).toBe(false);
      // The same text, but no longer a conversation.
      session.prompt.edit(TEXT);
      expect(session.prompt.turns).toBeNull();
      expect(session.runs.isStale).toBe(true);
    });

    it('becomes a text and a conversation again', () => {
      session.prompt.editTurns([{ role: 'user', text: 'Hi' }]);
      session.prompt.edit('Hi');
      expect(session.prompt.turns).toBeNull();
      expect(session.prompt.value).toBe('Hi');
    });

    it('follows its source’s turns until it is edited', () => {
      const source = new FakeSource('');
      source.text = { ...source.text!, ...joinTurns(TURNS) };
      session.open(source);
      expect(session.prompt.turns).toEqual(TURNS);
      expect(session.prompt.isEdited).toBe(false);
      session.prompt.editTurns(TURNS.slice(1));
      expect(session.prompt.isEdited).toBe(true);
      session.prompt.editTurns([...TURNS]);
      expect(session.prompt.isEdited).toBe(false);
      // A text that reads the same is no conversation.
      session.prompt.edit(TEXT);
      expect(session.prompt.isEdited).toBe(true);
      session.prompt.follow();
      expect(session.prompt.turns).toEqual(TURNS);
    });

    it('is counted as turns', async () => {
      jest.useFakeTimers();
      session.watch(true);
      session.prompt.editTurns(TURNS.slice(1));
      jest.runOnlyPendingTimers();
      jest.useRealTimers();
      await settle();
      expect(client.counted.pop()).toMatchObject({ turns: TURNS.slice(1) });
    });

    it('is cut turn by turn, and shades its turns’ own texts', async () => {
      const source = new FakeSource('');
      source.text = { ...source.text!, ...joinTurns(TURNS) };
      session.open(source);
      await run();
      const text = session.explanation.text!;
      expect(
        text.conversation.map(({ role, span }) => [
          role,
          textOf(text.tokens, span)
        ])
      ).toEqual(TURNS.map(({ role, text }) => [role, text]));
      client.last.scores(0);
      await settle();
      session.explanation.pickSegment(text.seam);
      const map = session.explanation.map!;
      const shades = shadesOf(session.explanation.text!, map, () => '', TURNS);
      expect(
        shades.map(({ span: [from, to] }) => TEXT.slice(from, to))
      ).toEqual(TURNS.map(({ text }) => text));
      expect(source.paintedPrompt).toBe(TEXT);
      expect(source.painted).toHaveLength(4);
    });

    it('has its turns where the format has them elsewhere', async () => {
      await run();
      const shown = session.runs.shown!;
      const swapped = {
        ...shown,
        turns: [TURNS[1], TURNS[0], ...TURNS.slice(2)],
        turnSpans: [
          shown.turnSpans[1],
          shown.turnSpans[0],
          ...shown.turnSpans.slice(2)
        ],
        promptTokens: [...shown.promptTokens]
      };
      const { conversation } = cutText(swapped, 'sentences', null);
      expect(conversation.map(({ index }) => index)).toEqual([1, 0, 2, 3]);
    });

    it('is kept in records, and opened from them', async () => {
      await run('user');
      const record = recordOf(session.runs.shown!, []);
      expect(record).toMatchObject({
        turns: TURNS,
        system: 'user',
        chat: 'turns'
      });
      const read = checkRun(JSON.parse(JSON.stringify(record)));
      expect(read).toEqual(record);
      expect(keptRun(read)).toMatchObject({
        turns: TURNS,
        turnSpans: session.runs.shown!.turnSpans
      });
      session.reopen(read, new KeptSource(read, 'run', () => undefined));
      expect(session.prompt.turns).toEqual(TURNS);
      expect(session.runs.isStale).toBe(false);
      expect(() =>
        checkRun({ ...record, turn_spans: [{ start: 0, end: 1 }] })
      ).toThrow('turn_spans');
      expect(() =>
        checkRun({ ...record, turns: [{ role: 'tool', text: '' }] })
      ).toThrow('role');
    });

    it('comes back after a reload', async () => {
      await run();
      const saved = JSON.parse(JSON.stringify(session.save()));
      expect(saved.run.turns).toEqual(TURNS);
      const next = new Session(client, trans);
      await next.restore(saved);
      expect(next.prompt.turns).toEqual(TURNS);
      expect(next.runs.shown?.turns).toEqual(TURNS);
      expect(next.runs.isStale).toBe(false);
      next.dispose();
    });

    it('takes the answer as its next turn', async () => {
      expect(session.canContinue).toBe(false);
      await run();
      expect(session.canContinue).toBe(true);
      session.continueAnswer();
      expect(session.prompt.turns).toEqual([
        ...TURNS,
        { role: 'model', text: ' Pear.' },
        { role: 'user', text: '' }
      ]);
      expect(session.canContinue).toBe(false);
      // What is still to be written is no fault.
      expect(session.runs.promptProblem).toBeNull();
      void session.runs.generate();
      await settle();
      expect(session.runs.promptProblem?.message).toBe('Turn 6 has no text.');
    });

    it('lets the answer continue the model’s last turn', async () => {
      session.prompt.editTurns(TURNS.slice(0, 3));
      await run();
      session.continueAnswer();
      expect(session.prompt.turns?.slice(2)).toEqual([
        { role: 'model', text: 'Apple. Pear.' },
        { role: 'user', text: '' }
      ]);
    });

    it('is refused while the chat format is off', async () => {
      session.settings = { ...DEFAULT_SETTINGS, chat: 'off' };
      expect(session.runs.promptProblem?.message).toMatch(/chat format/);
    });

    it('says where the system’s text went', async () => {
      await run('user');
      expect(chatNote(session.runs.shown!, null, trans)).toMatch(
        /no system turn/
      );
      await run('turn');
      expect(chatNote(session.runs.shown!, null, trans)).toBe('');
    });
  });
});
