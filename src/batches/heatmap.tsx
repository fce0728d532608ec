import React, { useId, useRef, useState } from 'react';

import type { BatchPart, BatchParts } from '../api';
import { usePanel } from '../components/context';
import { percent } from '../session/labels';
import { strength } from './scales';
import type { IHeat } from './scales';
import { numberOf, oneLine, signed } from './words';

/** Height of a part's line, and of the rows' numbers above. */
const LINE = 22;
const HEAD = 18;

/** Widths of a cell, from few rows to many: px for up to so many rows. */
const WIDTHS = [
  [40, 16],
  [90, 10],
  [Infinity, 6]
] as const;

/** With a smaller weight, a sign would be noise; as in the panel's text. */
const FAINT = 0.08;

/** The least distance of two numbers of rows, in px. */
const APART = 32;

/** The longest name of a part in words for a cell. */
const MAX_NAME = 80;

/** A cell: indices of its part and of its column. */
interface IPlace {
  readonly part: number;
  readonly column: number;
}

/** A cell that stays the same while parts and rows come: its part's id, and its row. */
interface ICell {
  readonly id: string;
  readonly row: number;
}

/** Parts down, rows across: one stop of Tab; arrow keys move between cells, Enter opens a row. */
export function Heatmap(props: {
  found: BatchParts;
  heat: IHeat;
  /** Number of rows of the batch. */
  total: number;
  onOpen: (row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { found, heat, total, onOpen } = props;
  const { parts, columns, full } = heat;
  const { rows, kind } = found;
  const [cell, setCell] = useState<ICell | null>(null);
  const [hovered, setHovered] = useState<ICell | null>(null);
  const picture = useRef<SVGSVGElement>(null);
  const id = useId();
  const find = (one: ICell | null): IPlace | null => {
    const part = parts.findIndex(({ id }) => id === one?.id);
    const column = columns.findIndex(i => rows[i] === one?.row);
    return part < 0 || column < 0 ? null : { part, column };
  };
  const cellAt = ({ part, column }: IPlace): ICell => ({
    id: parts[part].id,
    row: rows[columns[column]]
  });
  const at = find(cell) ?? { part: 0, column: 0 };
  const shown = find(hovered) ?? at;
  const [, width] = WIDTHS.find(([most]) => columns.length <= most)!;
  const each = Math.ceil(APART / width);
  const isShare = kind === 'share';

  const placeOf = (event: React.SyntheticEvent): IPlace | null => {
    const cell = (event.target as Element).closest<SVGElement>('[data-cell]');
    const found = cell?.dataset.cell?.split(':').map(Number);
    return found ? { part: found[0], column: found[1] } : null;
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const from = placeOf(event) ?? at;
    const to = destination(event.key, from, parts.length, columns.length);
    if (to) {
      event.preventDefault();
      setCell(cellAt(to));
      const cell = picture.current?.querySelector<SVGElement>(
        `[data-cell="${to.part}:${to.column}"]`
      );
      cell?.focus();
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onOpen(rows[columns[from.column]]);
    }
  };
  return (
    <>
      <p className="lit-hint" id={id}>
        {[
          columns.length < total &&
            trans.__(
              '%1 of %2 rows.',
              columns.length.toLocaleString(),
              total.toLocaleString()
            ),
          trans.__('Each line is a part, each column a row.'),
          isShare
            ? trans.__('Full colour: %1, or more.', percent(full))
            : trans.__(
                'Blue: the answer is less likely without it; orange, and half as high: more likely. Full colour: %1 nats for each token, or more.',
                full.toFixed(2)
              ),
          parts.length < found.parts.length &&
            trans.__('The strongest %1 parts.', parts.length)
        ]
          .filter(Boolean)
          .join(' ')}
      </p>
      <div className="lit-heat">
        <ol className="lit-heat-names" aria-hidden>
          {parts.map((part, p) => (
            <li key={part.id} title={part.text} data-at={shown.part === p}>
              <bdi>{oneLine(part.text)}</bdi>
            </li>
          ))}
        </ol>
        <div className="lit-heat-scroll">
          <svg
            ref={picture}
            role="grid"
            aria-label={trans.__('Heatmap of parts and rows')}
            aria-describedby={id}
            width={columns.length * width + 24}
            height={HEAD + parts.length * LINE + 2}
            onKeyDown={onKeyDown}
            onClick={event => {
              const found = placeOf(event);
              if (found) {
                setCell(cellAt(found));
                onOpen(rows[columns[found.column]]);
              }
            }}
            onMouseOver={event => {
              const found = placeOf(event);
              setHovered(found && cellAt(found));
            }}
            onMouseLeave={() => setHovered(null)}
            onFocus={event => {
              const found = placeOf(event);
              if (found) {
                setCell(cellAt(found));
              }
            }}
          >
            <g aria-hidden>
              {columns.map(
                (column, c) =>
                  c % each === 0 && (
                    <text key={c} x={c * width} y={HEAD - 5}>
                      {numberOf(rows[column])}
                    </text>
                  )
              )}
            </g>
            {parts.map((part, p) => (
              <Line
                key={part.id}
                part={part}
                index={p}
                heat={heat}
                rows={rows}
                width={width}
                isShare={isShare}
                reachable={at.part === p ? at.column : -1}
              />
            ))}
          </svg>
        </div>
      </div>
      <p className="lit-heat-details" aria-hidden>
        {describeCell(
          parts[shown.part],
          rows[columns[shown.column]],
          parts[shown.part].cells[columns[shown.column]] ?? null,
          isShare,
          trans
        )}
      </p>
    </>
  );
}

/** A part's cells. */
const Line = React.memo(
  (props: {
    part: BatchPart;
    index: number;
    heat: IHeat;
    rows: readonly number[];
    width: number;
    isShare: boolean;
    /** The column of the cell that Tab reaches; -1: none of these. */
    reachable: number;
  }): JSX.Element => {
    const { trans } = usePanel();
    const { part, index, heat, rows, width, isShare, reachable } = props;
    return (
      <g role="row">
        {heat.columns.map((column, c) => {
          const value = part.cells[column] ?? null;
          const weight = value === null ? 0 : strength(value, heat.full);
          // Half as high, so that the colour isn't all that says it.
          const isAgainst = weight < -FAINT;
          const height = isAgainst ? LINE / 2 - 1 : LINE - 2;
          return (
            <rect
              key={rows[column]}
              role="gridcell"
              className="lit-heat-cell"
              tabIndex={c === reachable ? 0 : -1}
              aria-label={describeCell(
                part,
                rows[column],
                value,
                isShare,
                trans
              )}
              data-cell={`${index}:${c}`}
              data-state={value === null ? 'none' : undefined}
              data-sign={isAgainst ? 'negative' : undefined}
              x={c * width}
              y={HEAD + index * LINE + 1 + (LINE - 2 - height)}
              width={width - 1}
              height={height}
              style={
                {
                  '--lit-weight': Math.abs(weight).toFixed(3)
                } as React.CSSProperties
              }
            />
          );
        })}
      </g>
    );
  }
);
Line.displayName = 'Line';

/** A cell in words. */
function describeCell(
  part: BatchPart,
  row: number,
  value: number | null,
  isShare: boolean,
  trans: ReturnType<typeof usePanel>['trans']
): string {
  const name = oneLine(part.text).slice(0, MAX_NAME);
  const number = numberOf(row);
  if (value === null) {
    return trans.__('Row %1, “%2”: not in this row', number, name);
  }
  return isShare
    ? trans.__('Row %1, “%2”: %3', number, name, percent(value))
    : trans.__('Row %1, “%2”: %3 nats per token', number, name, signed(value));
}

/** Where a key leads from a cell, or null. */
function destination(
  key: string,
  { part, column }: IPlace,
  numLines: number,
  numColumns: number
): IPlace | null {
  const to = {
    ArrowUp: { part: part - 1, column },
    ArrowDown: { part: part + 1, column },
    ArrowLeft: { part, column: column - 1 },
    ArrowRight: { part, column: column + 1 },
    Home: { part, column: 0 },
    End: { part, column: numColumns - 1 }
  }[key];
  return to
    ? {
        part: Math.max(0, Math.min(numLines - 1, to.part)),
        column: Math.max(0, Math.min(numColumns - 1, to.column))
      }
    : null;
}
