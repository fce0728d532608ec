/** The figures of the ranking and the heatmap as tables. */
import React from 'react';

import type { BatchPart, BatchParts } from '../api';
import { usePanel } from '../components/context';
import { percent } from '../session/labels';
import { Nothing, Outliers } from './ranking';
import type { IHeat } from './scales';
import { numberOf, oneLine, signed } from './words';

/** The ranking as a table. */
export function RankingTable(props: {
  parts: readonly BatchPart[];
  onOpen: (row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { parts, onOpen } = props;
  return (
    <div className="lit-batch-scroll">
      <table className="lit-batch-table lit-batch-numbers">
        <caption className="lit-visually-hidden">
          {trans.__('What the parts of the template do')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Part')}</th>
            <th scope="col">{trans.__('Effect')}</th>
            <th scope="col">{trans.__('95% interval')}</th>
            <th scope="col">{trans.__('Share')}</th>
            <th scope="col">{trans.__('Rows')}</th>
            <th scope="col">{trans.__('Rows that differ most')}</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(part => (
            <tr key={part.id}>
              <th scope="row" className="lit-batch-text" title={part.text}>
                <bdi>{oneLine(part.text)}</bdi>
                {part.nothing && <Nothing />}
              </th>
              <td>{part.effect === null ? '' : signed(part.effect)}</td>
              <td>
                {part.low === null || part.high === null
                  ? ''
                  : trans.__('%1 to %2', signed(part.low), signed(part.high))}
              </td>
              <td>{part.share === null ? '' : percent(part.share)}</td>
              <td>{part.rows.toLocaleString()}</td>
              <td>
                <Outliers part={part} onOpen={onOpen} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The heatmap as a table: rows down, parts across. */
export function FiguresTable(props: {
  found: BatchParts;
  heat: IHeat;
  onOpen: (row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { found, heat, onOpen } = props;
  const { rows, kind } = found;
  return (
    <div className="lit-batch-scroll">
      <table className="lit-batch-table lit-batch-numbers">
        <caption className="lit-visually-hidden">
          {trans.__('Row by row')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Row')}</th>
            {heat.parts.map(part => (
              <th
                key={part.id}
                scope="col"
                className="lit-batch-text"
                title={part.text}
              >
                <bdi>{oneLine(part.text)}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {heat.columns.map(column => (
            <tr key={column}>
              <th scope="row">
                <button
                  type="button"
                  className="lit-link"
                  aria-label={trans.__(
                    'Open row %1 in the panel',
                    numberOf(rows[column])
                  )}
                  onClick={() => onOpen(rows[column])}
                >
                  {numberOf(rows[column])}
                </button>
              </th>
              {heat.parts.map(part => {
                const value = part.cells[column] ?? null;
                return (
                  <td key={part.id}>
                    {value === null
                      ? ''
                      : kind === 'share'
                        ? percent(value)
                        : signed(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
