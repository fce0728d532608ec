import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { DatasetState } from '../api';
import type { Sort } from './listing';
import type { OpenedDataset } from './opened';
import { Live } from '../components/live';

/** Searching, filtering and sorting. */
export function Tools(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
  /** Open the form that runs all rows; null: there is no place for it. */
  onRunRows: (() => void) | null;
}): JSX.Element {
  const { state, trans, onRunRows } = props;
  const { list } = props.dataset;
  const { query, source, total } = list;
  const orders: readonly [Sort, boolean, string][] = [
    ['order', false, trans.__('In order')],
    ['order', true, trans.__('Last first')],
    ['prompt', false, trans.__('A to Z')],
    ['prompt', true, trans.__('Z to A')],
    ['length', false, trans.__('Shortest first')],
    ['length', true, trans.__('Longest first')],
    ['source', false, trans.__('By source')]
  ];
  const isFiltered = query.trim() !== '' || source !== null;
  return (
    <>
      <div className="lit-datasets-tools lit-datasets-find">
        <input
          type="search"
          className="lit-field"
          aria-label={trans.__('Search prompts')}
          placeholder={trans.__('Search')}
          value={query}
          onChange={event => {
            list.query = event.target.value;
          }}
        />
        {state.sources.length > 0 && (
          <select
            className="lit-field"
            aria-label={trans.__('Filter by source')}
            value={source === null ? '*' : `=${source}`}
            onChange={event => {
              const { value } = event.target;
              list.source = value === '*' ? null : value.slice(1);
            }}
          >
            <option value="*">{trans.__('All sources')}</option>
            {state.sources.map(counted => (
              <option key={counted.source} value={`=${counted.source}`}>
                {`${counted.source || trans.__('(none)')} (${counted.rows.toLocaleString()})`}
              </option>
            ))}
          </select>
        )}
        <select
          className="lit-field"
          aria-label={trans.__('Sorted')}
          value={orders.findIndex(
            ([sort, descending]) =>
              sort === list.sort && descending === list.descending
          )}
          onChange={event => {
            const [sort, descending] = orders[Number(event.target.value)];
            list.order(sort, descending);
          }}
        >
          {orders.map(([, , label], i) => (
            <option key={i} value={i}>
              {label}
            </option>
          ))}
        </select>
        {onRunRows && (
          <button type="button" className="lit-button" onClick={onRunRows}>
            {trans.__('Run over all rows…')}
          </button>
        )}
      </div>
      <Live className="lit-hint lit-datasets-found">
        {isFiltered
          ? total === 0
            ? trans.__('No matching prompts.')
            : trans.__(
                '%1 of %2 prompts',
                total.toLocaleString(),
                state.rows.toLocaleString()
              )
          : ''}
      </Live>
    </>
  );
}
