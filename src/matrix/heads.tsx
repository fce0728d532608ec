/** What names the matrix's rows and columns. */
import React from 'react';

import { usePanel } from '../components/context';
import type { IColumn } from './table';

/** The number of the line on which a sentence begins. */
export function Line({ line }: { line: number }): JSX.Element | null {
  const { trans } = usePanel();
  return line > 0 ? (
    <span className="lit-matrix-line" aria-label={trans.__('line %1', line)}>
      {line}{' '}
    </span>
  ) : null;
}

/** The head of a column: as much of its sentence as there is room for, and its line. */
export function ColumnHead(props: {
  column: IColumn;
  line: number;
  isFirstOfAnswer: boolean;
  isAt: boolean;
}): JSX.Element {
  const { trans } = usePanel();
  const { column, isFirstOfAnswer, isAt } = props;
  return (
    <th
      scope="col"
      className="lit-matrix-column"
      title={
        column.isAnswer ? trans.__('answer: %1', column.text) : column.text
      }
      data-seam={isFirstOfAnswer}
      data-at={isAt}
    >
      <div>
        <Line line={props.line} />
        <span className="lit-matrix-text">
          {column.isAnswer && (
            <>
              <span aria-hidden>▸ </span>
              <span className="lit-visually-hidden">
                {trans.__('answer:')}{' '}
              </span>
            </>
          )}
          <bdi>{column.text}</bdi>
        </span>
      </div>
    </th>
  );
}

/** Whether a column is the first of the answer's, behind the prompt's. */
export function isFirstOfAnswer(
  columns: readonly IColumn[],
  i: number
): boolean {
  return columns[i].isAnswer && columns[i - 1]?.isAnswer === false;
}
