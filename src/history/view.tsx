import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useMemo, useRef, useState } from 'react';

import type { RunInfo } from '../api';
import type { CompareLauncher } from '../compare/launcher';
import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { useRedraw } from '../components/redraw';
import { nextIndex } from '../components/rovingFocus';
import { Section } from '../components/section';
import type { HistoryModel } from './model';
import { namesOf } from './names';
import { RunRow } from './run';
import type { OnShare } from './run';
import { Star } from './star';

/** Earlier runs: a list of which a click shows one again, as it was. */
export function HistoryView(props: {
  model: HistoryModel;
  trans: TranslationBundle;
  /** What the server says is wrong with the history; or empty. */
  remark: string;
  /** Delete all, after asking. */
  onClear: () => void;
  /** Open the menu of what can be done with a run, below an element. */
  onShare: OnShare;
  /** What begins comparisons. */
  compare: CompareLauncher;
  /** Whether it is in view. */
  isShown: boolean;
}): JSX.Element {
  const { model, trans, remark, isShown } = props;
  useRedraw(model);
  useEffect(() => {
    if (isShown && !model.isLoaded) {
      void model.load();
    }
  }, [model, isShown]);
  // What waited to be stored may be by now.
  const said = useRef(remark);
  useEffect(() => {
    if (said.current !== remark) {
      said.current = remark;
      if (model.isLoaded) {
        void model.load();
      }
    }
  }, [model, remark]);
  return (
    <Section name={trans.__('History')} count={model.total > 0 && model.total}>
      {remark && <Live className="lit-hint lit-inset">{remark}</Live>}
      <Body {...props} />
    </Section>
  );
}

function Body(props: {
  model: HistoryModel;
  trans: TranslationBundle;
  onClear: () => void;
  onShare: OnShare;
  compare: CompareLauncher;
}): JSX.Element {
  const { model, trans } = props;
  if (model.isOff) {
    return (
      <p className="lit-hint lit-inset">
        {trans.__('No history is stored here: c.LitLab.history is off.')}
      </p>
    );
  }
  const isFiltered =
    model.query !== '' || model.starred || model.document !== null;
  return (
    <>
      {(model.total > 0 || isFiltered) && <Tools {...props} />}
      {model.problem && (
        <Problem
          problem={model.problem}
          remedies={{ retry: () => void model.load() }}
        />
      )}
      {!model.isLoaded && model.loadingSince !== null && (
        <Waiting
          message={trans.__('Fetching earlier runs')}
          since={model.loadingSince}
        />
      )}
      {model.isLoaded && model.runs.length === 0 && (
        <Live className="lit-hint lit-inset">
          {isFiltered
            ? trans.__('No matching runs.')
            : trans.__('Each answer will be stored here, with its maps.')}
        </Live>
      )}
      <Runs
        model={model}
        trans={trans}
        compare={props.compare}
        onShare={props.onShare}
      />
      {model.count < model.total && (
        <button
          type="button"
          className="lit-link lit-more"
          onClick={() => void model.more()}
        >
          {trans.__('Show more (%1 of %2)', model.count, model.total)}
        </button>
      )}
      {model.count > 0 && !isFiltered && (
        <button
          type="button"
          className="lit-link lit-more"
          onClick={props.onClear}
        >
          {trans.__('Delete all…')}
        </button>
      )}
    </>
  );
}

function Tools(props: {
  model: HistoryModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  return (
    <div className="lit-datasets-tools lit-datasets-find">
      <input
        type="search"
        className="lit-field"
        aria-label={trans.__('Search the history')}
        placeholder={trans.__('Search')}
        value={model.query}
        onChange={event => {
          model.query = event.target.value;
        }}
      />
      {model.documents.length > 0 && (
        <select
          className="lit-field lit-history-document"
          aria-label={trans.__('Prompts from')}
          value={model.document ?? ''}
          onChange={event => {
            model.document = event.target.value || null;
          }}
        >
          <option value="">{trans.__('From anywhere')}</option>
          {model.documents.map(document => (
            <option key={document} value={document}>
              {document}
            </option>
          ))}
        </select>
      )}
      <button
        type="button"
        className="lit-star"
        aria-label={trans.__('Only starred')}
        title={trans.__('Only starred')}
        aria-pressed={model.starred}
        onClick={() => {
          model.starred = !model.starred;
        }}
      >
        <Star />
      </button>
    </div>
  );
}

/** Runs by day. One stop of Tab for the runs; arrows go from one to another. */
function Runs(props: {
  model: HistoryModel;
  trans: TranslationBundle;
  onShare: OnShare;
  compare: CompareLauncher;
}): JSX.Element | null {
  const { model, trans } = props;
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const { runs } = model;
  const names = useMemo(() => namesOf(runs), [runs]);
  if (runs.length === 0) {
    return null;
  }
  // A row of a run that is deleted can't be reached.
  const present = runs.flatMap((run, at) => (model.deletion(run) ? [] : [at]));
  const current =
    present.find(at => at >= active) ?? present[present.length - 1];
  const onKeyDown = (event: React.KeyboardEvent) => {
    const isRow = (event.target as Element).classList.contains('lit-row');
    if (isRow && event.key === 'Delete') {
      event.preventDefault();
      event.stopPropagation();
      model.delete(runs[active]);
      return;
    }
    const rows = [
      ...(list.current?.querySelectorAll<HTMLElement>('.lit-row') ?? [])
    ];
    const at = rows.indexOf(event.target as HTMLElement);
    const to = nextIndex(event.key, at, rows.length);
    if (to === null || !isRow) {
      return;
    }
    event.preventDefault();
    rows[to].focus(); // which makes it the active one
  };
  const onGone = (row: HTMLElement) => {
    const others = [
      ...(list.current?.querySelectorAll<HTMLElement>('.lit-row') ?? [])
    ];
    const next = others.find(
      other =>
        row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING
    );
    const section = row.closest('section');
    const to =
      next ??
      others[others.length - 1] ??
      section?.querySelector<HTMLElement>('.lit-section-head');
    to?.focus();
  };
  const days = byDay(runs);
  let index = 0;
  return (
    <div ref={list} onKeyDown={onKeyDown}>
      {days.map(([day, ofDay]) => (
        <div key={day} role="group" aria-label={dayName(day, trans)}>
          <h4 className="lit-day" aria-hidden>
            {dayName(day, trans)}
          </h4>
          <ul className="lit-rows">
            {ofDay.map(run => {
              const at = index++;
              return (
                <RunRow
                  key={run.id}
                  run={run}
                  names={names.get(run.id)!}
                  model={model}
                  trans={trans}
                  compare={props.compare}
                  reachable={at === current}
                  onFocus={() => setActive(at)}
                  onGone={onGone}
                  onShare={props.onShare}
                />
              );
            })}
          </ul>
        </div>
      ))}
    </div>
  );
}

/** Runs in stretches of the same day, in their order. */
function byDay(runs: readonly RunInfo[]): [string, RunInfo[]][] {
  const days: [string, RunInfo[]][] = [];
  for (const run of runs) {
    const day = new Date(run.created * 1000).toDateString();
    const last = days[days.length - 1];
    if (last?.[0] === day) {
      last[1].push(run);
    } else {
      days.push([day, [run]]);
    }
  }
  return days;
}

function dayName(day: string, trans: TranslationBundle): string {
  const now = new Date();
  if (day === now.toDateString()) {
    return trans.__('Today');
  }
  now.setDate(now.getDate() - 1);
  return day === now.toDateString()
    ? trans.__('Yesterday')
    : new Date(day).toLocaleDateString([], { dateStyle: 'medium' });
}
