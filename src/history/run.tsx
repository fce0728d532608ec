import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, editIcon, shareIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';

import type { RunInfo } from '../api';
import type { CompareLauncher } from '../compare/launcher';
import { CompareTool, CompareWith } from '../compare/rows';
import type { HistoryModel } from './model';
import type { IRunName } from './names';
import { Star } from './star';
import { Live } from '../components/live';

/** Opens the menu that shares a run, below an element. */
export type OnShare = (run: RunInfo, anchor: HTMLElement) => void;

/** A run: a click shows it again; its tools star, compare, rename, share and delete it. */
export function RunRow(props: {
  run: RunInfo;
  /** How the list shows it. */
  names: IRunName;
  model: HistoryModel;
  trans: TranslationBundle;
  compare: CompareLauncher;
  reachable: boolean;
  onFocus: () => void;
  /** Move the focus from a row whose run is going, to what comes next. */
  onGone: (row: HTMLElement) => void;
  onShare: OnShare;
}): JSX.Element {
  const { run, model, trans, compare, onGone } = props;
  const [naming, setNaming] = useState(false);
  const row = useRef<HTMLButtonElement>(null);
  const going = useRef<HTMLLIElement>(null);
  // A button that is removed emits no blur event for its focus.
  const undoHasFocus = useRef(false);
  const deletion = model.deletion(run);
  const before = useRef(deletion);
  useEffect(() => {
    // The Undo button is gone, so the focus moves to the row.
    // If deleting failed, the user is elsewhere by now.
    if (before.current === 'undoable' && deletion === null) {
      row.current?.focus();
    }
    if (
      before.current === 'undoable' &&
      deletion === 'deleting' &&
      undoHasFocus.current &&
      going.current !== null
    ) {
      onGone(going.current);
    }
    if (deletion !== 'undoable') {
      undoHasFocus.current = false;
    }
    before.current = deletion;
  }, [deletion, onGone]);
  const { name } = props.names;
  const time = new Date(run.created * 1000);
  if (deletion !== null) {
    return (
      <li ref={going} className="lit-kept lit-kept-deleted">
        <Live as="span" className="lit-kept-notice">
          {trans.__('Deleted: %1', name)}
        </Live>
        {deletion === 'undoable' && (
          <button
            type="button"
            className="lit-link"
            aria-label={trans.__('Undo: bring %1 back', name)}
            autoFocus
            onFocus={() => {
              undoHasFocus.current = true;
            }}
            onBlur={() => {
              undoHasFocus.current = false;
            }}
            onClick={once(() => model.undo(run))}
          >
            {trans.__('Undo')}
          </button>
        )}
      </li>
    );
  }
  return (
    <li className="lit-kept" data-shown={run.id === model.shown}>
      {naming ? (
        <input
          className="lit-field lit-kept-title"
          aria-label={trans.__('Name of the run')}
          defaultValue={run.title}
          maxLength={200}
          autoFocus
          onKeyDown={event => {
            event.stopPropagation();
            if (event.key === 'Enter') {
              event.currentTarget.blur();
            } else if (event.key === 'Escape') {
              event.currentTarget.value = run.title;
              event.currentTarget.blur();
            }
          }}
          onBlur={event => {
            setNaming(false);
            if (event.target.value.trim() !== run.title) {
              void model.rename(run, event.target.value);
            }
          }}
        />
      ) : (
        <button
          ref={row}
          type="button"
          className="lit-row"
          tabIndex={props.reachable ? 0 : -1}
          aria-current={run.id === model.shown}
          title={trans.__('Show this run again')}
          onFocus={props.onFocus}
          onClick={once(() => void model.open(run))}
        >
          <span className="lit-kept-line">
            <bdi className="lit-kept-name" data-named={run.title !== ''}>
              {name}
            </bdi>
            <time
              className="lit-kept-time"
              dateTime={time.toISOString()}
              title={time.toLocaleString()}
            >
              {time.toLocaleTimeString([], {
                hour: '2-digit',
                minute: '2-digit'
              })}
            </time>
          </span>
          <span className="lit-kept-about">
            {[
              props.names.prompt && trans.__('after “%1”', props.names.prompt),
              run.origin && [
                PathExt.basename(run.origin.document),
                ...run.origin.place
              ],
              run.partial === 'stopped' && trans.__('stopped'),
              run.partial === 'broke_off' && trans.__('broke off'),
              run.forced_answer && trans.__('forced answer'),
              run.num_turns > 0 &&
                trans._n('%1 turn', '%1 turns', run.num_turns),
              run.model,
              run.scores > 0 && trans._n('%1 map', '%1 maps', run.scores)
            ]
              .flat()
              .filter(Boolean)
              .join(' · ')}
          </span>
        </button>
      )}
      <span className="lit-kept-tools">
        <button
          type="button"
          className="lit-star"
          aria-label={trans.__('Star %1', name)}
          title={run.starred ? trans.__('Unstar') : trans.__('Star')}
          aria-pressed={run.starred}
          onClick={() => void model.star(run)}
        >
          <Star />
        </button>
        <CompareTool launcher={compare} run={run} name={name} trans={trans} />
        <button
          type="button"
          className="lit-icon-button lit-kept-tool"
          aria-label={trans.__('Rename %1', name)}
          title={trans.__('Rename')}
          onClick={() => setNaming(true)}
        >
          <editIcon.react tag="span" />
        </button>
        <button
          type="button"
          className="lit-icon-button lit-kept-tool"
          aria-label={trans.__('Share %1', name)}
          title={trans.__('Share')}
          aria-haspopup="menu"
          onClick={event => props.onShare(run, event.currentTarget)}
        >
          <shareIcon.react tag="span" />
        </button>
        <button
          type="button"
          className="lit-icon-button lit-kept-tool"
          aria-label={trans.__('Delete %1', name)}
          title={trans.__('Delete')}
          onClick={once(() => model.delete(run))}
        >
          <closeIcon.react tag="span" />
        </button>
      </span>
      <CompareWith launcher={compare} run={run} name={name} trans={trans} />
    </li>
  );
}

/**
 * What a click does, but not the second one of a double click: it may be on
 * something else, which the first one has put there.
 */
function once(act: () => void): (event: React.MouseEvent) => void {
  return event => {
    if (event.detail <= 1) {
      act();
    }
  };
}
