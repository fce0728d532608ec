import { nullTranslator } from '@jupyterlab/translation';

import type { ChatMode, ChatUse, ModelInfo, RunRecord, Token } from '../api';
import { beginsTurn, chatNote, describeChat, describeRole } from './chat';
import { fakeModel, tokens } from './fixtures';
import { applyEvent, jobOf, keptRun, modeOf, recordOf, startRun } from './run';
import type { IRun } from './run';

const trans = nullTranslator.load('lit_lab');
const USER = '<start_of_turn>user\n';
const MODEL = '<start_of_turn>model\n';

const request = {
  model: 'gemma',
  prompt: 'Onion',
  values: {},
  sampling: {},
  origin: null
};

function runWith(chatUse: ChatUse, promptTokens: Token[] = []): IRun {
  return { ...startRun(request, ''), chatUse, promptTokens };
}

const tuned = fakeModel({
  name: 'gemma',
  state: 'ready',
  chat: 'Gemma',
  instruct: true
});

describe('session/chat', () => {
  it('asks as the user chose, and again as it was', () => {
    expect(jobOf(request, 9)).toMatchObject({ kind: 'generate', chat: 'auto' });
    expect(
      jobOf({ ...request, chat: 'on', forcedAnswer: 'x' }, 9)
    ).toMatchObject({
      kind: 'score',
      chat: 'on'
    });
    expect(
      ['plain', 'wrapped', 'written'].map(u => modeOf(u as ChatUse))
    ).toEqual(['off', 'on', 'on']);
  });

  it('keeps what became of a prompt', () => {
    const run = applyEvent(
      startRun(request, ''),
      {
        event: 'prompt',
        tokens: tokens('Onion'),
        window: 99,
        chat: 'wrapped',
        thinking: false,
        turn_spans: [],
        system: null,
        terms: null
      },
      trans
    );
    const record = recordOf(run, []);
    expect(record.chat).toBe('wrapped');
    const again = keptRun(record);
    expect([again.chatUse, again.chat]).toEqual(['wrapped', 'on']);
    expect([again.thinks, again.thinking]).toEqual([false, false]);
    const thinking = keptRun({ ...record, thinking: true });
    expect(recordOf(thinking, []).thinking).toBe(true);
    expect(jobOf(thinking, 9)).toMatchObject({ chat: 'on', thinking: true });
    expect(describeChat(thinking.chatUse, trans, thinking.thinks)).toBe(
      'chat format with thinking'
    );
    // As records were before there were chat formats.
    const old: Partial<RunRecord> = { ...record };
    delete old.chat;
    expect(keptRun(old as RunRecord).chatUse).toBe('plain');
  });

  it.each<[string, ChatMode, ModelInfo | null, IRun | null, string, boolean]>([
    ['tuned', 'auto', tuned, null, 'Onion', true],
    ['switched off', 'off', tuned, null, 'Onion', false],
    ['not tuned', 'auto', { ...tuned, instruct: false }, null, 'Onion', false],
    ['switched on', 'on', { ...tuned, instruct: false }, null, 'Onion', true],
    [
      'asleep, and asked before',
      'auto',
      { ...tuned, state: 'unloaded', chat: '', instruct: false } as ModelInfo,
      runWith('wrapped'),
      'Onion',
      true
    ],
    [
      'a turn of the model’s that has begun',
      'auto',
      tuned,
      null,
      `${USER}Onion<end_of_turn>\n${MODEL}It has`,
      false
    ]
  ])(
    'knows where a turn begins: %s',
    (_, mode, model, last, prompt, expected) => {
      const at = { value: prompt, turns: null };
      expect(beginsTurn(mode, model, last, at)).toBe(expected);
    }
  );

  const marker = (text: string): Token => ({
    id: 1,
    piece: text,
    text,
    kind: 'control'
  });
  const template: Token = {
    id: 1,
    piece: '<start_of_turn>',
    text: '',
    kind: 'template'
  };
  const written = [marker('<start_of_turn>'), ...tokens('user\nOnion')];

  it('tells what became of turns that the user wrote', () => {
    const opened = runWith('written', [...written, template]);
    expect(chatNote(opened, tuned, trans)).toContain('turn was opened');
    const whole = runWith('written', written);
    expect(chatNote(whole, tuned, trans)).toContain('nothing was added');
    const untold = { ...tuned, instruct: false };
    expect(chatNote(runWith('plain', written), untold, trans)).toContain(
      'set Chat format to on'
    );
  });

  it('is silent where there is nothing to tell', () => {
    const untold = { ...tuned, instruct: false };
    const plain = runWith('plain', tokens('Onion'));
    expect(chatNote(plain, untold, trans)).toBe('');
    expect(chatNote(runWith('wrapped', written), tuned, trans)).toBe('');
    const off: IRun = { ...runWith('plain', written), chat: 'off' };
    expect(chatNote(off, untold, trans)).toBe('');
    const none = fakeModel({ name: 'gpt2', state: 'ready' });
    expect(chatNote(runWith('plain', written), none, trans)).toBe('');
  });

  it('names who speaks', () => {
    expect(
      ['user', 'model', 'assistant', 'system', 'tool', ''].map(role =>
        describeRole(role, trans)
      )
    ).toEqual(['User', 'Model', 'Model', 'System', 'tool', 'End of turn']);
  });
});
