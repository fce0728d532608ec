import React, { useRef, useState } from 'react';

import type { BatchAnswer, BatchInfo, BatchRow } from '../api';
import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { nextIndex } from '../components/rovingFocus';
import type { BatchesModel } from './model';
import { isUnderWay } from './active';
import { PAGE } from './table';
import type { Only } from './table';
import {
  describePrompts,
  describeSide,
  numberOf,
  oneLine,
  withoutShared
} from './words';

/** How many rows Page Up and Page Down pass. */
const STEP = 10;

/** The rows of a batch; a click or Enter opens one as a run. */
export function TableView(props: {
  model: BatchesModel;
  batch: BatchInfo;
  /** Open a row as a run. */
  onOpen: (batch: BatchInfo, row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, batch, onOpen } = props;
  const { table, other } = model;
  const { page, problem } = table;
  // While rows come, the figures change with each of them.
  const isSettled =
    !isUnderWay(batch) && !(other && isUnderWay(other)) && !table.isStale;
  const changes =
    page !== null &&
    page.broken + page.fixed + page.answer > 0 &&
    [
      trans.__('%1 broken', page.broken.toLocaleString()),
      trans.__('%1 fixed', page.fixed.toLocaleString()),
      trans._n('%1 answer differs', '%1 answers differ', page.answer)
    ].join(', ');
  const isSame =
    isSettled &&
    table.only === 'all' &&
    batch.state === 'done' &&
    other?.state === 'done' &&
    page !== null &&
    !changes;
  return (
    <>
      <div className="lit-batch-tools">
        <Choice<Only>
          label={trans.__('Which rows are listed')}
          value={table.only}
          options={[
            { value: 'all', name: trans.__('All') },
            { value: 'failed', name: trans.__('Failed') },
            {
              value: 'unexpected',
              name: trans.__('Unexpected'),
              title: trans.__('Answers that did not pass a check')
            }
          ]}
          onChange={only => {
            table.only = only;
          }}
        />
        {model.others.length > 0 && <Compared model={model} />}
      </div>
      {other && (
        <div className="lit-batch-changes">
          {!isSettled && changes}
          <Live as="span">
            {isSame
              ? trans.__('All answers are the same, and so are their checks.')
              : isSettled && changes}
          </Live>
        </div>
      )}
      {problem && (
        <Problem
          problem={problem}
          remedies={{ retry: () => table.refresh() }}
        />
      )}
      {!page && !problem && (
        <Waiting message={trans.__('Fetching rows')} since={Date.now()} />
      )}
      {page && page.rows.length === 0 && (
        <p className="lit-hint">
          {table.only === 'failed'
            ? trans.__('No row failed.')
            : table.only === 'unexpected'
              ? batch.checks.length === 0
                ? batch.state === 'done'
                  ? trans.__('This batch has no checks.')
                  : trans.__('No answer has been checked yet.')
                : trans.__('All answers so far passed their checks.')
              : trans.__('There are no rows.')}
        </p>
      )}
      {page && page.rows.length > 0 && (
        <>
          <Rows
            // Another page begins with its first row.
            key={`${batch.id}|${table.other}|${table.only}|${table.offset}`}
            rows={page.rows}
            batch={batch}
            other={other}
            onOpen={onOpen}
          />
          <Pages model={model} total={page.total} />
        </>
      )}
    </>
  );
}

/** The batch to compare with. */
function Compared({ model }: { model: BatchesModel }): JSX.Element {
  const { trans } = usePanel();
  return (
    <label className="lit-batch-compared">
      <span>{trans.__('Beside')}</span>
      <select
        value={model.table.other ?? ''}
        onChange={event => model.compare(event.target.value || null)}
      >
        <option value="">{trans.__('nothing')}</option>
        {model.others.map(one => (
          <option key={one.id} value={one.id}>
            {`${one.model} · ${describePrompts(one, trans).slice(0, 60)}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Pages(props: {
  model: BatchesModel;
  total: number;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { model, total } = props;
  const { table } = model;
  if (total <= PAGE) {
    return null;
  }
  const last = Math.min(total, table.offset + PAGE);
  return (
    <nav className="lit-batch-tools" aria-label={trans.__('Pages of rows')}>
      <button
        type="button"
        className="lit-button"
        disabled={table.offset === 0}
        onClick={() => {
          table.offset -= PAGE;
        }}
      >
        {trans.__('Previous')}
      </button>
      <Live as="span">
        {trans.__(
          '%1 to %2 of %3',
          (table.offset + 1).toLocaleString(),
          last.toLocaleString(),
          total.toLocaleString()
        )}
      </Live>
      <button
        type="button"
        className="lit-button"
        disabled={last >= total}
        onClick={() => {
          table.offset += PAGE;
        }}
      >
        {trans.__('Next')}
      </button>
    </nav>
  );
}

/** One stop of Tab: arrow keys move between rows. */
function Rows(props: {
  rows: readonly BatchRow[];
  batch: BatchInfo;
  other: BatchInfo | null;
  onOpen: (batch: BatchInfo, row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { rows, batch, other, onOpen } = props;
  // Its number, since rows come and go above it.
  const [place, setPlace] = useState<number | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const at = Math.max(
    0,
    rows.findIndex(({ row }) => row === place)
  );
  const hasTargets = rows.some(({ target }) => target !== '');
  const hasChecks = batch.checks.length > 0;
  const onKeyDown = (event: React.KeyboardEvent) => {
    const pressed = (event.target as Element).closest<HTMLElement>(
      '[data-row]'
    );
    const from = rows.findIndex(({ row }) => `${row}` === pressed?.dataset.row);
    const to = nextIndex(event.key, from, rows.length, STEP);
    if (to !== null && from >= 0) {
      event.preventDefault();
      setPlace(rows[to].row);
      const button = table.current
        ?.querySelectorAll<HTMLElement>('[data-row]')
        .item(to);
      button?.focus();
      button?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  };
  const prompts = withoutShared(rows.map(({ prompt }) => prompt));
  const sides = other
    ? [describeSide(batch, other, trans), describeSide(other, batch, trans)]
    : [''];
  return (
    <div className="lit-batch-scroll">
      <table
        ref={table}
        className="lit-batch-table lit-batch-rows"
        data-compared={other !== null}
        onKeyDown={onKeyDown}
      >
        <caption className="lit-visually-hidden">
          {trans.__('Rows; Enter opens one in the panel')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Row')}</th>
            {other && (
              <th scope="col" className="lit-batch-change">
                {trans.__('Change')}
              </th>
            )}
            <th scope="col">{trans.__('Prompt')}</th>
            {hasTargets && <th scope="col">{trans.__('Target')}</th>}
            {sides.map((name, i) => (
              <React.Fragment key={i}>
                <th scope="col" className="lit-batch-text" title={name}>
                  {other
                    ? i === 0
                      ? trans.__('Answer: %1', name)
                      : trans.__('Other answer: %1', name)
                    : trans.__('Answer')}
                </th>
                {hasChecks && (
                  <th scope="col" className="lit-batch-marks">
                    {trans.__('Checks')}
                  </th>
                )}
              </React.Fragment>
            ))}
            <th scope="col">{trans.__('Strongest part')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr
              key={row.row}
              data-change={row.change || undefined}
              onClick={() => {
                // Not where the user has just selected text to copy.
                if (window.getSelection()?.isCollapsed ?? true) {
                  setPlace(row.row);
                  onOpen(batch, row.row);
                }
              }}
            >
              <th scope="row">
                <button
                  type="button"
                  className="lit-link"
                  data-row={row.row}
                  tabIndex={i === at ? 0 : -1}
                  aria-label={trans.__(
                    'Open row %1 in the panel',
                    numberOf(row.row)
                  )}
                  onFocus={() => setPlace(row.row)}
                  onClick={event => {
                    event.stopPropagation();
                    onOpen(batch, row.row);
                  }}
                >
                  {numberOf(row.row)}
                </button>
              </th>
              {other && <td>{changeWords(row.change, trans)}</td>}
              <Text text={prompts[i]} whole={row.prompt} />
              {hasTargets && <Text text={row.target} />}
              <Answer answer={row.found} hasChecks={hasChecks} />
              {other && <Answer answer={row.other} hasChecks={hasChecks} />}
              <Text text={row.found?.strongest ?? ''} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function changeWords(
  change: BatchRow['change'],
  trans: ReturnType<typeof usePanel>['trans']
): string {
  return {
    '': '',
    fixed: trans.__('fixed'),
    broken: trans.__('broken'),
    answer: trans.__('answer differs')
  }[change];
}

/** A long text's beginning, with all of it in the tooltip. */
function Text(props: {
  text: string;
  /** The tooltip, if it isn't the text. */
  whole?: string;
}): JSX.Element {
  const { text, whole = text } = props;
  return (
    <td className="lit-batch-text" title={whole || undefined}>
      <bdi>{oneLine(text)}</bdi>
    </td>
  );
}

/** What came of a row, and its checks. */
function Answer(props: {
  answer: BatchAnswer | null;
  hasChecks: boolean;
}): JSX.Element {
  const { trans } = usePanel();
  const { answer, hasChecks } = props;
  return (
    <>
      {answer === null ? (
        <td className="lit-batch-text lit-hint">
          {trans.__('not computed yet')}
        </td>
      ) : answer.error !== '' ? (
        <td className="lit-batch-text lit-batch-error" title={answer.error}>
          {trans.__('Failed: %1', oneLine(answer.error))}
        </td>
      ) : (
        <Text text={answer.answer} />
      )}
      {hasChecks && (
        <td className="lit-batch-marks">
          {answer?.checks.map(({ name, passed, message }, i) => (
            <span key={i} data-passed={passed} title={`${name}: ${message}`}>
              <span aria-hidden>
                {passed ? '✓' : '✗'}
                {answer.checks.length > 1 && <sub>{i + 1}</sub>}
              </span>
              <span className="lit-visually-hidden">
                {passed
                  ? trans.__('%1: passed. ', name)
                  : trans.__('%1: not passed. %2 ', name, message)}
              </span>
            </span>
          ))}
        </td>
      )}
    </>
  );
}
