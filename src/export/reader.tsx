/** Shows one or two finished runs without the model. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo, useRef, useState } from 'react';

import { Choice } from '../components/choice';
import { PanelContext } from '../components/context';
import { EffectSummary } from '../map/effects';
import { SalienceText } from '../map/salienceText';
import { TopSegments } from '../map/topSegments';
import { methodWords } from '../map/methods';
import { showSegment } from '../map/show';
import type { TokenSpan } from '../salience';
import type { MapMethod } from '../session/methods';
import { About } from './about';
import { granularityNames } from './names';
import { ReaderLegend } from './readerlegend';
import type { ILook, Reading } from './reading';

/** What a {@link Reader} shows. */
export interface IReaderProps {
  /** One, or two side by side. */
  readonly readings: readonly Reading[];
  /** How they are shown first. */
  readonly look: ILook;
  /** The initial target of each; null: the last one with a map. */
  readonly targets: readonly (TokenSpan | null)[];
  readonly trans: TranslationBundle;
}

/** Finished runs with their maps: granularity, method and target can be chosen. */
export function Reader(props: IReaderProps): JSX.Element {
  const { readings, trans } = props;
  const [look, setLook] = useState(props.look);
  const change = (part: Partial<ILook>) => setLook({ ...look, ...part });
  return (
    <PanelContext
      value={{
        trans,
        // In the panel's place: there is no panel here.
        showLog: () => undefined,
        openMenu: () => undefined
      }}
    >
      <div className="lit-panel lit-reader">
        <Looks
          look={look}
          methods={methodsOf(readings)}
          trans={trans}
          onChange={change}
        />
        <div className="lit-reader-runs" data-count={readings.length}>
          {readings.map((reading, i) => (
            <Run
              key={i}
              reading={reading}
              look={look}
              first={props.targets[i] ?? null}
              trans={trans}
              onChange={change}
            />
          ))}
        </div>
      </div>
    </PanelContext>
  );
}

function methodsOf(readings: readonly Reading[]): MapMethod[] {
  return [...new Set(readings.flatMap(reading => reading.methods))];
}

/** The granularity of the segments, and the method of the map. */
function Looks(props: {
  look: ILook;
  methods: readonly MapMethod[];
  trans: TranslationBundle;
  onChange: (look: Partial<ILook>) => void;
}): JSX.Element {
  const { look, methods, trans, onChange } = props;
  const words = methodWords(trans);
  return (
    <div className="lit-controls">
      <Choice
        label={trans.__('Granularity')}
        value={look.granularity}
        onChange={granularity => onChange({ granularity })}
        options={granularityNames(trans)}
      />
      {methods.length > 1 && (
        <Choice
          label={trans.__('Method')}
          value={look.method}
          onChange={method => onChange({ method })}
          options={methods.map(value => ({
            value,
            name: words[value].name,
            title: words[value].measures
          }))}
        />
      )}
    </div>
  );
}

function Run(props: {
  reading: Reading;
  look: ILook;
  first: TokenSpan | null;
  trans: TranslationBundle;
  onChange: (look: Partial<ILook>) => void;
}): JSX.Element {
  const { reading, look, trans, onChange } = props;
  const root = useRef<HTMLElement>(null);
  const [target, setTarget] = useState(() =>
    reading.begin(props.first, look.method)
  );
  const { granularity, joinLines } = look;
  const text = useMemo(
    () => reading.text({ granularity, joinLines }, target),
    [reading, granularity, joinLines, target]
  );
  const map = useMemo(
    () => target && reading.map(text, target, look),
    [reading, text, target, look]
  );
  const { record } = reading;
  return (
    <article
      ref={root}
      className="lit-reader-run"
      aria-label={trans.__('Run of %1', record.model)}
    >
      <About record={record} trans={trans} />
      <SalienceText
        text={text}
        map={map}
        target={target}
        ready={reading.targets.length > 0}
        answering={false}
        underline={look.emphasis === 'underline'}
        fine={look.granularity === 'tokens' || look.granularity === 'words'}
        onPick={token => setTarget(reading.targetAt(token, look) ?? target)}
      />
      {map ? (
        <TopSegments
          text={text}
          map={map}
          onShow={index => showSegment(root.current, index)}
        />
      ) : (
        <NoMap {...props} target={target} />
      )}
      {map?.effects && (
        <div className="lit-effects">
          <EffectSummary
            text={text}
            map={map}
            effects={map.effects}
            onChange={shadeBy => onChange({ shadeBy })}
          />
        </div>
      )}
      {map && <ReaderLegend text={text} map={map} look={look} trans={trans} />}
    </article>
  );
}

/** Why there is no map, and how to get one. */
function NoMap(props: {
  reading: Reading;
  look: ILook;
  target: TokenSpan | null;
  trans: TranslationBundle;
  onChange: (look: Partial<ILook>) => void;
}): JSX.Element {
  const { reading, look, target, trans, onChange } = props;
  const words = methodWords(trans);
  if (target === null) {
    return (
      <p className="lit-hint lit-inset">
        {trans.__('No map of this run was computed.')}
      </p>
    );
  }
  const names = granularityNames(trans);
  const [fitting] = reading.granularities(target, look);
  const joining = fitting ? null : reading.joining(target, look);
  const other = reading.methods.find(method => reading.has(target, method));
  return (
    <p className="lit-hint lit-inset" role="status">
      {fitting || joining
        ? trans.__(
            '%1 was computed for other segments.',
            words[look.method].name
          )
        : trans.__(
            '%1 was not computed for this target.',
            words[look.method].name
          )}{' '}
      {fitting ? (
        <button
          type="button"
          className="lit-link"
          onClick={() => onChange({ granularity: fitting })}
        >
          {trans.__(
            'Show %1',
            names.find(({ value }) => value === fitting)?.name
          )}
        </button>
      ) : joining ? (
        <button
          type="button"
          className="lit-link"
          onClick={() =>
            onChange({ granularity: 'sentences', joinLines: joining })
          }
        >
          {joining === 'off'
            ? trans.__('Show sentences that end with their line')
            : trans.__('Show sentences that run across lines')}
        </button>
      ) : (
        other && (
          <button
            type="button"
            className="lit-link"
            onClick={() => onChange({ method: other })}
          >
            {trans.__('Show %1', words[other].name)}
          </button>
        )
      )}
    </p>
  );
}
