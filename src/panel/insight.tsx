import React, { useEffect, useId, useRef } from 'react';

import { usePanel } from '../components/context';
import { Tabs, tabIds } from '../components/tabs';
import { Contrast } from '../map/contrast';
import { Demand } from '../map/demand';
import { EffectsSection } from '../map/effects';
import { Faithfulness } from '../map/faithfulness';
import { inWords } from '../map/inWords';
import { Legend } from '../map/legend';
import { tableOf } from '../map/table';
import { TopSegments } from '../map/topSegments';
import type { ISegmentTools } from '../map/topSegments';
import { fileName, saveFile } from '../export/files';
import { textOf } from '../session/runText';
import { aboutNats } from '../session/labels';
import { METHODS } from '../session/methods';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import type { PanelLayout } from './layout';
import { Options } from './options';
import { Edge } from './edge';

/** The properties of a view of the insight. */
export interface IInsightProps {
  session: Session;
  layout: PanelLayout;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Scroll to a segment of the text. */
  onShow: (index: number) => void;
  /** What the user can do with a segment of the prompt; absent: nothing. */
  tools?: ISegmentTools;
}

/**
 * The results of the map, in a drawer below the text or a column beside it.
 *
 * Only the panel of the chosen tab scrolls.
 */
export function Insight(props: IInsightProps): JSX.Element {
  const { trans, openMatrix } = usePanel();
  const { session, layout } = props;
  const { target, scores } = session.explanation;
  const id = useId();
  const body = useRef<HTMLDivElement>(null);
  const { insight } = layout;
  const isOpen = layout.isOpen ?? target !== null;
  // Scroll to the top for another tab or target.
  const key = target && `${target[0]}:${target[1]}`;
  useEffect(() => {
    body.current?.scrollTo?.(0, 0);
  }, [insight, key]);
  const ids = tabIds(id, insight);
  const toggle = isOpen
    ? trans.__('Hide the insight')
    : trans.__('Show the insight');
  return (
    <section
      className="lit-insight"
      aria-label={trans.__('Insight')}
      data-open={isOpen}
      data-empty={target === null}
      style={
        {
          '--lit-insight-height': `${layout.height * 100}%`
        } as React.CSSProperties
      }
    >
      {isOpen && <Edge layout={layout} />}
      <div className="lit-insight-head">
        <Tabs
          id={id}
          label={trans.__('Insight')}
          value={insight}
          isOpen={isOpen}
          onChange={tab => layout.explain(tab)}
          tabs={[
            { value: 'topSegments', name: trans.__('What led to') },
            {
              value: 'contrast',
              name: trans.__('Why not'),
              title: trans.__('Why not something else?')
            },
            {
              value: 'faithfulness',
              name: trans.__('Trust'),
              title: trans.__('Is this map faithful?')
            },
            { value: 'options', name: trans.__('Options') }
          ]}
        />
        {openMatrix && scores !== null && (
          <button
            type="button"
            className="lit-tab"
            title={trans.__(
              'Show what led to each sentence of the answer in one table'
            )}
            onClick={openMatrix}
          >
            {trans.__('Matrix')}
          </button>
        )}
        <button
          type="button"
          className="lit-tab lit-insight-toggle"
          aria-expanded={isOpen}
          aria-label={toggle}
          title={toggle}
          onClick={() => layout.toggle(!isOpen)}
        >
          <span className="lit-disclosure-mark" aria-hidden />
        </button>
      </div>
      {/* Beside the text it is always open, and says what it would show. */}
      {(isOpen || target === null) && (
        <div
          ref={body}
          id={ids.panel}
          className="lit-insight-body"
          role="tabpanel"
          aria-labelledby={ids.tab}
        >
          <Chosen {...props} />
        </div>
      )}
      {isOpen && <Legend session={session} />}
    </section>
  );
}

/** The chosen tab's content. */
function Chosen(props: IInsightProps): JSX.Element {
  const { trans } = usePanel();
  const { session, layout, onSettings } = props;
  const { text, target, map, demand } = session.explanation;
  if (layout.insight === 'options') {
    return (
      <Options
        settings={session.settings}
        text={text}
        model={session.modelInfo}
        limits={session.service.status?.limits ?? null}
        onSettings={onSettings}
      />
    );
  }
  if (!text || !target) {
    return (
      <p className="lit-hint lit-inset">
        {text
          ? trans.__('Choose a sentence of the answer: it becomes the target.')
          : trans.__('Run a prompt, and choose a sentence of its answer.')}
      </p>
    );
  }
  switch (layout.insight) {
    case 'contrast':
      return <Contrast session={session} />;
    case 'faithfulness':
      return map ? (
        <Faithfulness session={session} map={map} />
      ) : (
        <p className="lit-hint lit-inset">
          {trans.__('There is no map of this target yet.')}
        </p>
      );
    default: {
      const words = map && inWords(text, map, trans);
      return (
        <>
          {words && (
            <p
              className="lit-in-words"
              title={
                METHODS[map.method].kind === 'ablation'
                  ? aboutNats(trans)
                  : undefined
              }
            >
              {words}
            </p>
          )}
          {map ? (
            <TopSegments
              text={text}
              map={map}
              foil={session.explanation.foil}
              onShow={props.onShow}
              tools={props.tools}
              onSave={() =>
                saveFile(
                  fileName(textOf(text.tokens, target), 'csv'),
                  tableOf(text, map),
                  'text/csv'
                )
              }
            />
          ) : (
            demand && (
              <Demand
                demand={demand}
                method={session.settings.method}
                text={text}
                target={target}
                foil={session.explanation.foil}
                onRestart={() => void session.service.restart()}
              />
            )
          )}
          {(map || demand) && (
            <EffectsSection
              session={session}
              text={text}
              map={map}
              onSettings={onSettings}
            />
          )}
        </>
      );
    }
  }
}
