import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef, useState } from 'react';

import type { DatasetRow } from '../api';
import { Problem, Waiting } from '../panel/notices';
import { useRedraw } from '../panel/redraw';
import type { DatasetsModel } from './model';

/** Dataset browser: a list of prompts, of which a click or Enter takes one up. */
export function DatasetsView(props: {
  model: DatasetsModel;
  trans: TranslationBundle;
  /** Whether it is open before the user says so. */
  initiallyOpen: boolean;
}): JSX.Element {
  const { model, trans, initiallyOpen } = props;
  useRedraw(model);
  const [chosen, setOpen] = useState<boolean | null>(null);
  const open = chosen ?? initiallyOpen;
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    const reveal = (_: DatasetsModel, index: number) => {
      setOpen(true);
      // The row is drawn after this.
      requestAnimationFrame(() =>
        root.current
          ?.querySelector<HTMLElement>(`[data-row="${index}"]`)
          ?.focus()
      );
    };
    model.revealed.connect(reveal);
    return () => {
      model.revealed.disconnect(reveal);
    };
  }, [model]);
  useEffect(() => {
    if (open) {
      void model.load();
    }
  }, [model, open]);

  return (
    <section
      ref={root}
      className="lit-datasets"
      aria-label={trans.__('Sample prompts')}
    >
      <h3>
        <button
          type="button"
          className="lit-disclosure"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className="lit-disclosure-mark" aria-hidden />
          {trans.__('Sample prompts')}
          {model.size > 0 && (
            <span className="lit-count" aria-hidden>
              {model.size}
            </span>
          )}
        </button>
      </h3>
      {open && <Body model={model} trans={trans} />}
    </section>
  );
}

function Body(props: {
  model: DatasetsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  if (model.problem) {
    return (
      <Problem
        problem={model.problem}
        remedies={{ retry: () => void model.load() }}
      />
    );
  }
  if (model.loadingSince !== null) {
    return (
      <Waiting
        message={trans.__('Waiting for the model service’s datasets')}
        since={model.loadingSince}
      />
    );
  }
  return (
    <>
      <div className="lit-datasets-tools">
        {model.datasets.length > 1 && (
          <select
            aria-label={trans.__('Dataset')}
            value={model.open ?? ''}
            onChange={event => void model.choose(event.target.value)}
          >
            {model.datasets.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <input
          type="search"
          className="lit-field"
          aria-label={trans.__('Search sample prompts')}
          placeholder={trans.__('Search')}
          value={model.query}
          onChange={event => {
            model.query = event.target.value;
          }}
        />
      </div>
      <Rows model={model} trans={trans} />
    </>
  );
}

/** One stop of Tab; arrows go from row to row. */
function Rows(props: {
  model: DatasetsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const { rows } = model;
  const current = Math.min(active, Math.max(0, rows.length - 1));
  const onKeyDown = (event: React.KeyboardEvent) => {
    const to = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      Home: 0,
      End: rows.length - 1
    }[event.key];
    if (to === undefined || !rows[to]) {
      return;
    }
    event.preventDefault();
    setActive(to);
    list.current?.querySelectorAll<HTMLElement>('button').item(to).focus();
  };
  if (rows.length === 0) {
    return (
      <p className="lit-hint" role="status">
        {model.size === 0
          ? trans.__('There are no prompts in it.')
          : trans.__('No prompt holds all of these words.')}
      </p>
    );
  }
  return (
    <ul
      ref={list}
      className="lit-rows"
      aria-label={trans.__('Prompts')}
      onKeyDown={onKeyDown}
    >
      {rows.map((row, i) => (
        <li key={row.index}>
          <button
            type="button"
            className="lit-row"
            data-row={row.index}
            tabIndex={i === current ? 0 : -1}
            title={trans.__('Analyze this prompt')}
            onFocus={() => setActive(i)}
            onClick={() => model.analyze(row)}
          >
            <span className="lit-row-source">{row.source}</span>
            <bdi className="lit-row-prompt">{beginning(row)}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** As much of a prompt as a row can show. */
function beginning({ prompt }: DatasetRow): string {
  return prompt.slice(0, 240).replace(/\s+/g, ' ').trim();
}
