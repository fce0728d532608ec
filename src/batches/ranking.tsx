import React from 'react';

import type { BatchPart } from '../api';
import { usePanel } from '../components/context';
import { percent } from '../session/labels';
import { axisOf, valueOf } from './scales';
import type { IAxis } from './scales';
import { numberOf, oneLine, signed } from './words';

/** Width and height of a bar's picture. */
const WIDTH = 160;
const HEIGHT = 14;

/** How many outliers are named. */
export const OUTLIERS = 3;

/** Parts of the template, the strongest first, each with a bar. */
export function Ranking(props: {
  parts: readonly BatchPart[];
  onOpen: (row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { parts, onOpen } = props;
  const axis = axisOf(parts);
  return (
    <ol className="lit-ranking">
      {parts.map(part => (
        <li key={part.id} data-nothing={part.nothing ?? undefined}>
          <span className="lit-ranking-text" title={part.text}>
            <bdi>{oneLine(part.text)}</bdi>
            {part.nothing && <Nothing />}
          </span>
          <Bar part={part} axis={axis} />
          <span className="lit-ranking-figure">{figureOf(part)}</span>
          {part.outliers.length > 0 && (
            <span className="lit-ranking-outliers">
              {trans.__('differs most in row')}{' '}
              <Outliers part={part} onOpen={onOpen} />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

/** The mark of a part that does nothing. */
export function Nothing(): JSX.Element {
  const { trans } = usePanel();
  return (
    <span
      className="lit-nothing"
      title={trans.__(
        'In 95% of rows or more, leaving it out matters less than leaving out a sentence that means nothing.'
      )}
    >
      {trans.__('does nothing')}
    </span>
  );
}

/** Rows in which a part's effect differs most from its median, to open as runs. */
export function Outliers(props: {
  part: BatchPart;
  onOpen: (row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { part, onOpen } = props;
  return (
    <>
      {part.outliers.slice(0, OUTLIERS).map((row, i) => (
        <React.Fragment key={row}>
          {i > 0 && ', '}
          <button
            type="button"
            className="lit-link"
            aria-label={trans.__('Open row %1 in the panel', numberOf(row))}
            onClick={() => onOpen(row)}
          >
            {numberOf(row)}
          </button>
        </React.Fragment>
      ))}
    </>
  );
}

/** The figure beside a bar. */
function figureOf(part: BatchPart): string {
  return part.effect !== null
    ? signed(part.effect)
    : part.share !== null
      ? percent(part.share)
      : '';
}

/** A bar from zero to the value, with its interval as a line. The figures beside it say the same. */
function Bar(props: {
  part: BatchPart;
  axis: IAxis | null;
}): JSX.Element | null {
  const { part, axis } = props;
  const value = valueOf(part);
  if (value === null || axis === null) {
    return <span />;
  }
  const at = (number: number) =>
    ((number - axis.low) / (axis.high - axis.low)) * WIDTH;
  const [from, to] = [at(Math.min(0, value)), at(Math.max(0, value))];
  return (
    <svg
      className="lit-ranking-bar"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      <rect
        x={from}
        y={2}
        width={Math.max(to - from, 0.5)}
        height={HEIGHT - 4}
        data-sign={value < 0 ? 'negative' : undefined}
      />
      <line x1={at(0)} x2={at(0)} y1={0} y2={HEIGHT} data-zero="true" />
      {part.low !== null && part.high !== null && (
        <line
          x1={at(part.low)}
          x2={at(part.high)}
          y1={HEIGHT / 2}
          y2={HEIGHT / 2}
        />
      )}
    </svg>
  );
}
