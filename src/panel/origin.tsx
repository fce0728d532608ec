import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useState } from 'react';

import { AutoText } from '../components/autotext';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem } from '../components/notices';
import type { PromptModel } from '../session/prompt';
import type { Session } from '../session/session';
import type { IPromptSource, Step } from '../session/source';
import type { IVariable } from '../session/variables';

/** Where the prompt came from, and whether it has changed since. */
export function Origin({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { prompt } = session;
  const origin = prompt.origin;
  const source = prompt.source;
  const trail = origin && (
    <>
      <bdi className="lit-trail-name">{PathExt.basename(origin.document)}</bdi>
      {origin.place.map((part, i) => (
        <span key={i}>› {part}</span>
      ))}
    </>
  );
  return (
    <div className="lit-origin">
      {origin && (
        <span className="lit-origin-from">
          {trans.__('from')}
          {source && !prompt.isGone ? (
            <button
              type="button"
              className="lit-link lit-trail"
              title={trans.__('Go to %1', origin.document)}
              onClick={() => source.reveal()}
            >
              {trail}
            </button>
          ) : (
            <span className="lit-trail" title={origin.document}>
              {trail}
            </span>
          )}
        </span>
      )}
      {source?.step && !prompt.isGone && <Steps source={source} />}
      <Note session={session} />
      {prompt.isEdited && (
        <button
          type="button"
          className="lit-link"
          onClick={() => prompt.follow()}
        >
          {trans.__('Use the original text')}
        </button>
      )}
      {prompt.canApply && (
        <button
          type="button"
          className="lit-link"
          title={trans.__(
            'Write this edit into the notebook’s cell. Undo in the cell reverts it.'
          )}
          onClick={() => void prompt.apply()}
        >
          {trans.__('Apply to cell')}
        </button>
      )}
      {prompt.left !== null && (
        <button
          type="button"
          className="lit-link"
          title={leftFrom(prompt, trans)}
          onClick={() => session.takeBack()}
        >
          {trans.__('Back to the text you edited')}
        </button>
      )}
      {prompt.refusal && (
        <Problem
          problem={prompt.refusal}
          remedies={{ open: () => source?.reveal() }}
          onDismiss={() => prompt.dismissRefusal()}
        />
      )}
      {prompt.remark && <div className="lit-remark">{prompt.remark}</div>}
    </div>
  );
}

/** Buttons that run the previous and the next row. */
function Steps({ source }: { source: IPromptSource }): JSX.Element {
  const { trans } = usePanel();
  const [refusal, setRefusal] = useState('');
  useEffect(() => setRefusal(''), [source]);
  const names: readonly [Step, string, string][] = [
    [-1, '↑', trans.__('Run the previous row')],
    [1, '↓', trans.__('Run the next row')]
  ];
  return (
    <span className="lit-origin-steps">
      {names.map(([by, sign, name]) => (
        <button
          key={by}
          type="button"
          className="lit-turn-tool"
          aria-label={name}
          title={name}
          onClick={async () => setRefusal((await source.step?.(by)) ?? '')}
        >
          {sign}
        </button>
      ))}
      <Live as="span" className="lit-hint">
        {refusal}
      </Live>
    </span>
  );
}

/** The place of the text to go back to, if it differs from the current place. */
function leftFrom(
  prompt: PromptModel,
  trans: TranslationBundle
): string | undefined {
  const { leftOrigin } = prompt;
  return leftOrigin && prompt.isLeftElsewhere
    ? trans.__(
        'from %1',
        [PathExt.basename(leftOrigin.document), ...leftOrigin.place].join(' › ')
      )
    : undefined;
}

function Note({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { prompt } = session;
  // If only fields have changed, the fields show that.
  const isTextStale =
    session.runs.isStale && session.runs.changedFields.size === 0;
  const text = prompt.isGone
    ? trans.__('no longer there')
    : prompt.isEdited
      ? session.runs.isStale
        ? trans.__('edited here since this run')
        : trans.__('edited here')
      : isTextStale
        ? trans.__('changed since this run')
        : session.runs.shown && !session.runs.isStale && prompt.origin
          ? session.runs.shown.kept && prompt.source?.link === null
            ? trans.__('an earlier run')
            : trans.__('unchanged')
          : '';
  return text ? (
    <span className="lit-note" data-stale={isTextStale}>
      {text}
    </span>
  ) : null;
}

/** Maximum number of a template's fields that the panel shows. */
const MAX_VARIABLES = 100;

/** Maximum number of shown characters of a field's name. */
const MAX_NAME = 200;

/** Maximum length of a name beside its field. A longer one would leave the field too little room in a narrow panel. */
const SHORT_NAME = 10;

/** Maximum number of characters of a value in a menu. */
const MAX_CHOICE = 60;

/** The template's fields, with their values. */
export function Variables(props: {
  prompt: PromptModel;
  /** Maximum number of a prompt's characters that the server accepts. */
  limit?: number;
  /** The fields whose values differ from the shown run's. */
  changed?: ReadonlySet<string>;
}): JSX.Element | null {
  const { trans } = usePanel();
  const id = useId();
  const { prompt, limit, changed } = props;
  const { isEdited, variables } = prompt;
  if (isEdited || variables.length === 0) {
    return null;
  }
  const more = variables.length - MAX_VARIABLES;
  return (
    <div
      className="lit-variables"
      data-names={
        variables.some(({ name }) => name.length > SHORT_NAME)
          ? 'long'
          : 'short'
      }
      role="group"
      aria-label={trans.__('Variables')}
    >
      {variables.slice(0, MAX_VARIABLES).map((variable, i) => (
        <VariableField
          key={variable.name}
          id={`${id}-${i}`}
          variable={variable}
          limit={limit}
          isChanged={changed?.has(variable.name) ?? false}
          onChange={text => prompt.setVariable(variable.name, text)}
        />
      ))}
      {more > 0 && (
        <p className="lit-hint lit-variables-more">
          {trans._n(
            'and %1 more, which is not shown',
            'and %1 more, which are not shown',
            more,
            more
          )}
        </p>
      )}
      {prompt.canTakeValues && <TakeValues prompt={prompt} />}
    </div>
  );
}

/** A button that reads the fields' values from the notebook's kernel. Nothing else requests them. */
function TakeValues({ prompt }: { prompt: PromptModel }): JSX.Element {
  const { trans } = usePanel();
  return (
    <div className="lit-variables-take">
      <button
        type="button"
        className="lit-link"
        title={trans.__(
          'Read texts and numbers from the running kernel, for fields that are plain names. This runs none of your code.'
        )}
        onClick={() => void prompt.takeValues(trans.__('what you typed'))}
      >
        {trans.__('Take values from the kernel')}
      </button>
      <Live as="span" className="lit-hint">
        {prompt.kernelProblem}
      </Live>
    </div>
  );
}

/** One variable: its field, the origin of its value, and other values to choose. */
function VariableField({
  id,
  variable,
  limit,
  isChanged,
  onChange
}: {
  id: string;
  variable: IVariable;
  limit?: number;
  isChanged: boolean;
  onChange: (text: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { name, written, value, from, missing, choices, refused } = variable;
  const shown = choices.findIndex(choice => choice.value === value);
  const remark = [from ? trans.__('from %1', from) : missing, refused]
    .filter(part => part !== '')
    .join('; ');
  return (
    <>
      <label htmlFor={id} title={cut(name)}>
        {cut(name)}
      </label>
      <div className="lit-variable">
        <AutoText
          id={id}
          describedBy={remark || isChanged ? `${id}-from` : undefined}
          value={value ?? ''}
          limit={limit}
          placeholder={
            value === undefined
              ? trans.__('not filled in: stays as %1', cut(written))
              : ''
          }
          onChange={onChange}
        />
        {choices.length > 1 && (
          <select
            className="lit-field lit-variable-choice"
            aria-label={trans.__('Values of %1 in the notebook', cut(name))}
            value={shown}
            onChange={event =>
              onChange(choices[Number(event.target.value)].value)
            }
          >
            {shown === -1 && (
              <option value={-1}>{trans.__('Choose a value…')}</option>
            )}
            {choices.map((choice, at) => (
              <option key={at} value={at}>
                {`${cut(choice.value, MAX_CHOICE)} · ${choice.from}`}
              </option>
            ))}
          </select>
        )}
        {(remark || isChanged) && (
          <span id={`${id}-from`} className="lit-variable-from">
            {isChanged && (
              <span className="lit-note" data-stale>
                {trans.__('changed since this run')}
              </span>
            )}
            {isChanged && remark && '; '}
            {remark}
          </span>
        )}
      </div>
    </>
  );
}

/** A variable's name; for a long expression, its beginning. */
function cut(name: string, longest = MAX_NAME): string {
  return name.length > longest ? `${name.slice(0, longest)}…` : name;
}
