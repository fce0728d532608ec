/** What the user prepares for a trial, below the text: another text for a part, and the marked parts. */
import React, { useEffect, useId, useRef, useState } from 'react';

import { AutoText } from '../components/autotext';
import { usePanel } from '../components/context';
import { InlineForm } from '../components/form';
import { Live } from '../components/live';
import { useRedraw } from '../components/redraw';
import type { CompareLauncher } from './launcher';
import { coreOf, MAX_TRIAL_PARTS } from './trial';
import type { IDraft } from './trialParts';

/** The most characters of the marked parts in a button's tooltip. */
const TITLE_LENGTH = 600;

/** The draft, and the marked parts; nothing while there are none. */
export function TrialBar(props: {
  launcher: CompareLauncher;
  /** The most characters that the server accepts; absent: the default. */
  limit?: number;
}): JSX.Element {
  const { trans } = usePanel();
  const { launcher, limit } = props;
  const { parts } = launcher;
  useRedraw(launcher);
  useRedraw(parts);
  const { draft, marked } = parts;
  // While the prompt runs again, too: the user may be typing.
  const isShown = draft !== null || marked.length > 0;
  return (
    <>
      <Live as="span" className="lit-visually-hidden">
        {marked.length > 0 &&
          trans._n(
            '%1 part marked. Below the text you can try the prompt without it.',
            '%1 parts marked. Below the text you can try the prompt without them.',
            marked.length,
            marked.length
          )}
      </Live>
      {isShown && (
        <section className="lit-trial" aria-label={trans.__('Trial')}>
          {draft && (
            <DraftForm
              key={draft.span.join()}
              launcher={launcher}
              draft={draft}
              limit={limit}
            />
          )}
          {marked.length > 0 && <Marked launcher={launcher} />}
        </section>
      )}
    </>
  );
}

/** Another text for a part. */
function DraftForm(props: {
  launcher: CompareLauncher;
  draft: IDraft;
  limit?: number;
}): JSX.Element {
  const { trans } = usePanel();
  const { launcher, draft } = props;
  const { parts } = launcher;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    // Of two panels over the same session, the one where the user is.
    if (panelOf(root.current)?.contains(draft.opener) && parts.takeFocus()) {
      const field = root.current?.querySelector('textarea');
      field?.focus();
      field?.select();
    }
  }, [parts, draft.opener, draft.opened]);
  const submit = () => {
    if (launcher.current === null) {
      return; // The prompt runs again.
    }
    const why = launcher.checkDraft();
    setProblem(why);
    if (!why) {
      giveBack(root.current, draft.opener);
      launcher.tryDraft();
    }
  };
  const cancel = () => {
    giveBack(root.current, draft.opener);
    parts.close();
  };
  return (
    <div
      ref={root}
      onKeyDown={event => {
        const isModified = event.ctrlKey || event.metaKey || event.shiftKey;
        const isOfField = event.target instanceof HTMLTextAreaElement;
        const isTyped = event.nativeEvent.isComposing;
        if (event.key === 'Enter' && isModified && isOfField && !isTyped) {
          event.preventDefault();
          event.stopPropagation(); // otherwise the panel runs the prompt
          submit();
        }
      }}
    >
      <InlineForm
        className="lit-trial-form"
        label={trans.__('Try with … instead')}
        onSubmit={submit}
        onCancel={cancel}
      >
        <p id={id} className="lit-trial-old">
          {trans.__('Instead of “%1”:', draft.old)}
        </p>
        <AutoText
          label={trans.__('Text to try instead')}
          describedBy={id}
          className="lit-trial-text"
          placeholder={trans.__('Nothing: try without it')}
          value={draft.text}
          limit={props.limit}
          onChange={text => {
            setProblem('');
            parts.write(text);
          }}
        />
        {problem && (
          <Live className="lit-hint" isAlert>
            {problem}
          </Live>
        )}
        <div className="lit-trial-row">
          <button
            type="submit"
            className="lit-button"
            disabled={launcher.current === null}
            title={trans.__(
              'Run the prompt with this text instead, and see both side by side (Shift+Enter or Ctrl+Enter)'
            )}
          >
            {draft.text.trim() === ''
              ? trans.__('Try without it')
              : trans.__('Try it')}
          </button>
          <button type="button" className="lit-link" onClick={cancel}>
            {trans.__('Cancel')}
          </button>
        </div>
      </InlineForm>
    </div>
  );
}

/** The marked parts: how many, and what to do with them. */
function Marked({ launcher }: { launcher: CompareLauncher }): JSX.Element {
  const { trans } = usePanel();
  const { current, parts } = launcher;
  const { marked } = parts;
  const root = useRef<HTMLDivElement>(null);
  // While the prompt runs again, there are none of its tokens.
  const quoted = marked
    .map(span => current && coreOf(current, span))
    .join('\n')
    .slice(0, TITLE_LENGTH);
  return (
    <div ref={root} className="lit-trial-row">
      <button
        type="button"
        className="lit-button"
        disabled={current === null}
        title={trans.__(
          'Run the prompt without them, and see both side by side:\n%1',
          quoted
        )}
        onClick={() => launcher.tryWithout(...marked)}
      >
        {trans._n(
          'Try without the marked part',
          'Try without these %1 parts',
          marked.length,
          marked.length
        )}
      </button>
      <button
        type="button"
        className="lit-link"
        onClick={() => {
          giveBack(root.current, null);
          parts.clear();
        }}
      >
        {trans.__('Clear marks')}
      </button>
      {parts.isFull && (
        <Live as="span" className="lit-hint" isAlert>
          {trans.__('No more than %1 parts can be marked.', MAX_TRIAL_PARTS)}
        </Live>
      )}
    </div>
  );
}

/** The analysis that an element is in. */
function panelOf(element: Element | null): Element | null {
  return element?.closest('.lit-analysis') ?? null;
}

/** Return the focus to where it was; or else to the text. */
function giveBack(from: Element | null, opener: HTMLElement | null): void {
  const next = opener?.isConnected
    ? opener
    : panelOf(from)?.querySelector<HTMLElement>(
        '.lit-text [data-segment][tabindex="0"]'
      );
  next?.focus({ preventScroll: true });
}
