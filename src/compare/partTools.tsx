/** What the user can do with a part of the prompt: try without it, try another text in its place, mark it. */
import { cutIcon, editIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef } from 'react';

import { usePanel } from '../components/context';
import type { IEffect } from '../salience';
import { describeTrial } from './labels';

/** The most characters of a part in a control's name. */
const NAME_LENGTH = 80;

/** A part of the prompt. */
interface IPartToolProps {
  /** Its text. */
  content: string;
  /** Whether Tab reaches what is drawn. */
  isStop?: boolean;
}

/** Runs the prompt without a part, or with another text in its place. */
export function PartTools(
  props: IPartToolProps & {
    /** What deleting it does to the target, if that is known. */
    effect?: IEffect | null;
    onTry: () => void;
    onInstead: (opener: HTMLElement) => void;
  }
): JSX.Element {
  const { content, isStop, effect } = props;
  return (
    <span className="lit-part-tools">
      <TryButton
        content={content}
        effect={effect}
        isStop={isStop}
        onClick={props.onTry}
      />
      <InsteadButton
        content={content}
        isStop={isStop}
        onClick={props.onInstead}
      />
    </span>
  );
}

/** Runs the prompt without a part. */
function TryButton(
  props: IPartToolProps & { effect?: IEffect | null; onClick: () => void }
): JSX.Element {
  const { trans } = usePanel();
  const { content, effect, isStop = true } = props;
  const action = trans.__(
    'Try without it: run the prompt without this, and see both side by side'
  );
  return (
    <button
      type="button"
      className="lit-icon-button lit-try"
      tabIndex={isStop ? undefined : -1}
      aria-label={trans.__(
        'Try without “%1”',
        content.trim().slice(0, NAME_LENGTH)
      )}
      title={effect ? `${describeTrial(effect, trans)} ${action}` : action}
      onClick={props.onClick}
    >
      <cutIcon.react tag="span" />
    </button>
  );
}

/** Lets the user type another text for a part. */
function InsteadButton(
  props: IPartToolProps & {
    /** Gets the button, to which the focus returns. */
    onClick: (opener: HTMLElement) => void;
  }
): JSX.Element {
  const { trans } = usePanel();
  const { content, isStop = true } = props;
  return (
    <button
      type="button"
      className="lit-icon-button lit-try"
      tabIndex={isStop ? undefined : -1}
      aria-label={trans.__(
        'Try with another text instead of “%1”',
        content.trim().slice(0, NAME_LENGTH)
      )}
      title={trans.__(
        'Try with … instead: run the prompt with another text in this part’s place, and see both side by side'
      )}
      onClick={event => props.onClick(event.currentTarget)}
    >
      <editIcon.react tag="span" />
    </button>
  );
}

/** Marks a part, to try the prompt without several parts at once. */
export function MarkBox(
  props: IPartToolProps & {
    marked: boolean | 'mixed';
    onMark: () => void;
  }
): JSX.Element {
  const { trans } = usePanel();
  const { content, isStop = true, marked } = props;
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) {
      box.current.indeterminate = marked === 'mixed';
    }
  }, [marked]);
  return (
    <input
      ref={box}
      type="checkbox"
      className="lit-mark-box"
      tabIndex={isStop ? undefined : -1}
      aria-label={trans.__('Mark “%1”', content.trim().slice(0, NAME_LENGTH))}
      title={trans.__(
        'Mark this part, to try the prompt without several parts at once'
      )}
      checked={marked === true}
      onChange={props.onMark}
    />
  );
}
