/** The prompt as a conversation: each turn a field with its role. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef } from 'react';

import type { ModelInfo, Role, Turn } from '../api';
import { AutoText } from '../components/autotext';
import { usePanel } from '../components/context';
import { describeRole } from '../session/chat';
import type { PromptModel } from '../session/prompt';

const ROLES: readonly Role[] = ['system', 'user', 'model'];

/** The action of a turn's tool. */
type Move = 'up' | 'down' | 'remove';

/** The turns of a conversation. The user can edit, move, add and remove them. */
export function TurnFields(props: {
  prompt: PromptModel;
  turns: readonly Turn[];
  /** The chosen model; null if unknown. */
  model: ModelInfo | null;
  limit?: number;
}): JSX.Element {
  const { trans } = usePanel();
  const { prompt, turns, model, limit } = props;
  const root = useRef<HTMLOListElement>(null);
  /** The element to focus after rendering. */
  const next = useRef<{ turn: number; what: string } | null>(null);
  useEffect(() => {
    if (next.current) {
      const { turn, what } = next.current;
      next.current = null;
      focusIn(root.current?.children[turn], what);
    }
  });
  const change = (index: number, part: Partial<Turn>) =>
    prompt.editTurns(
      turns.map((turn, i) => (i === index ? { ...turn, ...part } : turn))
    );
  const move = (index: number, where: Move) => {
    const to = where === 'up' ? index - 1 : index + 1;
    const rest = turns.filter((_, i) => i !== index);
    next.current =
      where === 'remove'
        ? { turn: Math.min(index, rest.length - 1), what: '.lit-turn-field' }
        : { turn: to, what: `[data-move="${where}"]` };
    prompt.editTurns(
      where === 'remove'
        ? rest
        : [...rest.slice(0, to), turns[index], ...rest.slice(to)]
    );
  };
  const add = () => {
    next.current = { turn: turns.length, what: '.lit-turn-field' };
    const isUsers = turns[turns.length - 1].role === 'user';
    prompt.editTurns([
      ...turns,
      { role: isUsers ? 'model' : 'user', text: '' }
    ]);
  };
  return (
    <div className="lit-turns">
      <ol ref={root} aria-label={trans.__('Turns')}>
        {turns.map((turn, index) => (
          <TurnField
            key={index}
            turn={turn}
            index={index}
            count={turns.length}
            remark={remarkOf(turn, index, model, trans)}
            limit={limit}
            onChange={part => change(index, part)}
            onMove={where => move(index, where)}
          />
        ))}
      </ol>
      <div className="lit-turns-tools">
        <button type="button" className="lit-link" onClick={add}>
          {trans.__('Add a turn')}
        </button>
        {turns.length === 1 && turns[0].role === 'user' && (
          <button
            type="button"
            className="lit-link"
            onClick={() => prompt.edit(turns[0].text)}
          >
            {trans.__('As a single text')}
          </button>
        )}
      </div>
    </div>
  );
}

function TurnField(props: {
  turn: Turn;
  index: number;
  count: number;
  remark: string;
  limit?: number;
  onChange: (part: Partial<Turn>) => void;
  onMove: (where: Move) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { turn, index, count, remark, limit, onChange, onMove } = props;
  const number = index + 1;
  const tools: readonly [Move, string, string, boolean][] = [
    ['up', '↑', trans.__('Move turn %1 up', number), index > 0],
    ['down', '↓', trans.__('Move turn %1 down', number), number < count],
    ['remove', '×', trans.__('Remove turn %1', number), count > 1]
  ];
  return (
    <li className="lit-turn-item">
      <div className="lit-turn-head">
        <select
          className="lit-field"
          aria-label={trans.__('Role of turn %1', number)}
          value={turn.role}
          onChange={event => onChange({ role: event.target.value as Role })}
        >
          {ROLES.map(role => (
            <option key={role} value={role}>
              {describeRole(role, trans)}
            </option>
          ))}
        </select>
        {tools.map(([where, sign, label, isPossible]) => (
          <button
            key={where}
            type="button"
            className="lit-turn-tool"
            data-move={where}
            aria-label={label}
            title={label}
            disabled={!isPossible}
            onClick={() => onMove(where)}
          >
            <span aria-hidden>{sign}</span>
          </button>
        ))}
      </div>
      <AutoText
        className="lit-turn-field"
        label={trans.__('Text of turn %1', number)}
        value={turn.text}
        limit={limit}
        placeholder={placeholderOf(turn.role, trans)}
        onChange={text => onChange({ text })}
      />
      {remark && <p className="lit-hint">{remark}</p>}
    </li>
  );
}

function placeholderOf(role: Role, trans: TranslationBundle): string {
  return {
    system: trans.__('Instructions for the model'),
    user: trans.__('What the user says'),
    model: trans.__('What the model answered')
  }[role];
}

/** How a model without system turns treats one; else empty. */
function remarkOf(
  { role }: Turn,
  index: number,
  model: ModelInfo | null,
  trans: TranslationBundle
): string {
  if (role !== 'system' || model === null || model.state !== 'ready') {
    return '';
  }
  if (model.template !== null && model.template.fault === '') {
    return model.template.system === 'none'
      ? trans.__(
          '%1 has no system turn, so this is refused. Move the text to the beginning of the first user turn.',
          model.name
        )
      : '';
  }
  if (model.chat !== 'Gemma') {
    return '';
  }
  return index === 0
    ? trans.__(
        '%1 has no system turn: this text goes to the beginning of the first user turn.',
        model.name
      )
    : trans.__(
        '%1 has no system turn here, so this is refused. Move the text to the beginning of the first user turn.',
        model.name
      );
}

/** Focus a turn's tool, or the opposite tool if that one is disabled. */
function focusIn(turn: Element | undefined, what: string): void {
  const found = turn?.querySelector<HTMLElement>(`${what}:not(:disabled)`);
  const other = turn?.querySelector<HTMLElement>('button:not(:disabled)');
  (found ?? other)?.focus();
}
