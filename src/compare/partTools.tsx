/** What the user can do with a part of the prompt: try without it, try another text in its place, mark it. */
import { cutIcon, editIcon } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef } from 'react';

import { usePanel } from '../components/context';
import type { IEffect } from '../salience';
import { describeEffect } from '../session/labels';

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
  const { trans } = usePanel();
  const { content, isStop, effect } = props;
  const name = content.trim().slice(0, NAME_LENGTH);
  const action = trans.__(
    'Try without it: run the prompt without this, and see both side by side'
  );
  return (
    <span className="lit-part-tools">
      <PartButton
        icon={cutIcon}
        label={trans.__('Try without “%1”', name)}
        title={
          effect ? `${describeEffect(effect, null, trans)} ${action}` : action
        }
        isStop={isStop}
        onClick={props.onTry}
      />
      <PartButton
        icon={editIcon}
        label={trans.__('Try with another text instead of “%1”', name)}
        title={trans.__(
          'Try with … instead: run the prompt with another text in this part’s place, and see both side by side'
        )}
        isStop={isStop}
        onClick={props.onInstead}
      />
    </span>
  );
}

/** A button of a part, with an icon alone. */
function PartButton(props: {
  icon: LabIcon;
  label: string;
  title: string;
  isStop?: boolean;
  /** Gets the button, to which the focus may return. */
  onClick: (button: HTMLElement) => void;
}): JSX.Element {
  const { icon, label, title, isStop = true, onClick } = props;
  return (
    <button
      type="button"
      className="lit-icon-button lit-try"
      tabIndex={isStop ? undefined : -1}
      aria-label={label}
      title={title}
      onClick={event => onClick(event.currentTarget)}
    >
      <icon.react tag="span" />
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
