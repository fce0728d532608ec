import React, { useId, useMemo, useRef, useState } from 'react';

import { usePanel } from '../components/context';
import { lineOf } from '../map/line';
import {
  aboutNats,
  describeEffect,
  describeSegment,
  describeUnlooked,
  percent
} from '../session/labels';
import type { IPassageEffect } from '../session/mapEffects';
import { short, spoken } from './figures';
import { ColumnHead, isFirstOfAnswer, Line } from './heads';
import type { MatrixModel } from './model';
import type { ICell, IColumn, IRow, ITable } from './table';

/** What stands for an effect that isn't known. */
const NO_EFFECT = '–';

/** The place of the focus: rows and columns count from 0, without headers and totals. */
interface IPlace {
  readonly row: number;
  readonly column: number;
}

/** The table's cells: one stop of Tab; arrow keys move between cells, Enter sets the target. */
export function Grid(props: {
  model: MatrixModel;
  table: ITable;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, table } = props;
  const { rows, columns } = table;
  const isEffect = table.by === 'effect';
  const [place, setPlace] = useState<IPlace>({ row: 0, column: 0 });
  const [hovered, setHovered] = useState<IPlace | null>(null);
  const grid = useRef<HTMLTableElement>(null);
  const details = useId();
  const at = {
    row: Math.min(place.row, rows.length - 1),
    column: Math.min(place.column, columns.length - 1)
  };
  const shown = hovered ?? at;
  const { target, text } = model.session.explanation;
  const lines = useMemo(() => {
    const line = ({ span }: IRow | IColumn) => (text ? lineOf(text, span) : 0);
    return { rows: rows.map(line), columns: columns.map(line) };
  }, [text?.tokens, table]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const to = destination(event, at, rows.length, columns.length);
    if (to) {
      event.preventDefault();
      setPlace(to);
      const cell = cellAt(grid.current, to);
      cell?.focus();
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      model.select(at.row, at.column);
    }
  };
  const placeOf = (event: React.SyntheticEvent): IPlace | null => {
    const cell = (event.target as Element).closest<HTMLElement>('[data-cell]');
    const found = cell?.dataset.cell?.split(':').map(Number);
    return found ? { row: found[0], column: found[1] } : null;
  };

  return (
    <>
      <div className="lit-matrix-scroll">
        <table
          ref={grid}
          role="grid"
          className="lit-matrix-grid"
          aria-label={trans.__('What led to each sentence of the answer')}
          aria-rowcount={rows.length + 2}
          aria-colcount={columns.length + 2}
          onKeyDown={onKeyDown}
          onClick={event => {
            const found = placeOf(event);
            if (found) {
              setPlace(found);
              model.select(found.row, found.column);
            }
          }}
          onMouseOver={event => setHovered(placeOf(event))}
          onMouseLeave={() => setHovered(null)}
          onFocus={event => {
            const found = placeOf(event);
            if (found) {
              setPlace(found);
            }
          }}
        >
          <thead>
            <tr>
              <th scope="col" className="lit-matrix-corner">
                <span>{trans.__('Answer ↓ Because of →')}</span>
              </th>
              {columns.map((column, i) => (
                <ColumnHead
                  key={i}
                  column={column}
                  line={lines.columns[i]}
                  isFirstOfAnswer={isFirstOfAnswer(columns, i)}
                  isAt={shown.column === i}
                />
              ))}
              <th
                scope="col"
                className="lit-matrix-total"
                title={
                  isEffect
                    ? trans.__(
                        'The probability of its tokens with the whole prompt, on average'
                      )
                    : trans.__('Its part of the salience of all sentences')
                }
              >
                <span>
                  {isEffect ? trans.__('Probability') : trans.__('Weight')}
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, r) => (
              <tr
                key={r}
                data-target={
                  target !== null &&
                  row.span[0] === target[0] &&
                  row.span[1] === target[1]
                }
                data-at={shown.row === r}
              >
                <th scope="row" className="lit-matrix-row" title={row.text}>
                  <Line line={lines.rows[r]} />
                  <bdi>{row.text}</bdi>
                </th>
                {columns.map((column, c) => (
                  <Cell
                    key={c}
                    row={row}
                    column={column}
                    cell={row.cells ? row.cells[c] : undefined}
                    passage={row.unlooked?.[c] ?? null}
                    at={`${r}:${c}`}
                    details={details}
                    isReachable={at.row === r && at.column === c}
                    isFirstOfAnswer={isFirstOfAnswer(columns, c)}
                    signed={isEffect || (row.map?.isSigned ?? false)}
                  />
                ))}
                <td className="lit-matrix-total">
                  {row.total === null ? '…' : percent(row.total)}
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" className="lit-matrix-row">
                {model.scale === 'all' && !isEffect
                  ? trans.__('Total')
                  : trans.__('On average')}
              </th>
              {columns.map((column, c) => (
                <td
                  key={c}
                  className="lit-matrix-total"
                  data-seam={isFirstOfAnswer(columns, c)}
                >
                  {column.total === null ? NO_EFFECT : short(column.total)}
                </td>
              ))}
              <td className="lit-matrix-total" />
            </tr>
          </tfoot>
        </table>
      </div>
      <Details
        id={details}
        model={model}
        row={rows[shown.row]}
        column={columns[shown.column]}
        cell={rows[shown.row]?.cells?.[shown.column] ?? null}
        passage={rows[shown.row]?.unlooked?.[shown.column] ?? null}
      />
    </>
  );
}

const Cell = React.memo(
  (props: {
    row: IRow;
    column: IColumn;
    /** Null: the column doesn't precede the row; undefined: not computed yet. */
    cell: ICell | null | undefined;
    /** The passage of a sentence that wasn't looked into; null: it was. */
    passage: IPassageEffect | null;
    at: string;
    /** Id of the details of the cell with the focus. */
    details: string;
    isReachable: boolean;
    isFirstOfAnswer: boolean;
    signed: boolean;
  }): JSX.Element => {
    const { trans } = usePanel();
    const { row, column, cell, passage, at } = props;
    const label =
      cell === undefined
        ? trans.__('not computed yet')
        : cell === null
          ? column.span[0] === row.span[0]
            ? trans.__('the sentence itself')
            : column.span[0] > row.span[0]
              ? trans.__('comes later')
              : passage
                ? describeUnlooked(passage, trans)
                : trans.__('is never deleted')
          : spoken(
              props.signed && cell.weight < 0 ? -cell.part : cell.part,
              cell.effect !== undefined,
              trans
            );
    return (
      <td
        role="gridcell"
        tabIndex={props.isReachable ? 0 : -1}
        aria-label={label}
        aria-describedby={props.isReachable ? props.details : undefined}
        className="lit-matrix-cell"
        data-cell={at}
        data-state={
          cell === undefined
            ? 'unknown'
            : cell
              ? 'known'
              : passage
                ? 'unlooked'
                : 'none'
        }
        data-own={column.span[0] === row.span[0]}
        data-seam={props.isFirstOfAnswer}
        data-sign={cell && cell.weight < 0 ? 'negative' : undefined}
        style={
          cell
            ? ({
                '--lit-weight': Math.abs(cell.weight).toFixed(3)
              } as React.CSSProperties)
            : undefined
        }
      >
        {cell
          ? short(props.signed && cell.weight < 0 ? -cell.part : cell.part)
          : passage && NO_EFFECT}
      </td>
    );
  }
);
Cell.displayName = 'Cell';

/** The cell under the pointer or the focus, in words. */
function Details(props: {
  id: string;
  model: MatrixModel;
  row: IRow | undefined;
  column: IColumn | undefined;
  cell: ICell | null;
  /** The passage of a sentence that wasn't looked into. */
  passage: IPassageEffect | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { row, column, cell, passage } = props;
  return (
    <div id={props.id} className="lit-matrix-details" role="note">
      {row && column && (
        <>
          <p>
            <span className="lit-matrix-label">{trans.__('Answer')}</span>{' '}
            <bdi>{row.text}</bdi>
          </p>
          <p>
            <span className="lit-matrix-label">
              {column.isAnswer
                ? trans.__('Because of (answer)')
                : trans.__('Because of')}
            </span>{' '}
            <bdi>{column.text}</bdi>
          </p>
          <p
            className="lit-matrix-figures"
            title={cell?.effect ? aboutNats(trans) : undefined}
          >
            {cell?.effect
              ? describeEffect(cell.effect, null, trans)
              : cell?.segment && row.map
                ? describeSegment(cell.segment, row.map, trans)
                : column.span[0] === row.span[0]
                  ? trans.__('The sentence itself.')
                  : row.cells === null
                    ? trans.__('Not computed yet.')
                    : passage
                      ? describeUnlooked(passage, trans)
                      : column.span[0] < row.span[0]
                        ? trans.__('It is never deleted, so it has no effect.')
                        : trans.__(
                            'It comes later, so it can’t have led to the sentence.'
                          )}
          </p>
        </>
      )}
    </div>
  );
}

function cellAt(
  grid: HTMLElement | null,
  { row, column }: IPlace
): HTMLElement | null {
  return grid?.querySelector(`[data-cell="${row}:${column}"]`) ?? null;
}

/** Where a key moves the focus, or null. */
function destination(
  event: React.KeyboardEvent,
  { row, column }: IPlace,
  numRows: number,
  numColumns: number
): IPlace | null {
  const all = event.ctrlKey || event.metaKey;
  const lastRow = numRows - 1;
  const lastColumn = numColumns - 1;
  switch (event.key) {
    case 'ArrowRight':
      return { row, column: Math.min(column + 1, lastColumn) };
    case 'ArrowLeft':
      return { row, column: Math.max(column - 1, 0) };
    case 'ArrowDown':
      return { row: Math.min(row + 1, lastRow), column };
    case 'ArrowUp':
      return { row: Math.max(row - 1, 0), column };
    case 'Home':
      return { row: all ? 0 : row, column: 0 };
    case 'End':
      return { row: all ? lastRow : row, column: lastColumn };
    default:
      return null;
  }
}
