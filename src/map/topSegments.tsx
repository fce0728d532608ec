import React, { useState } from 'react';

import { usePanel } from '../components/context';
import { describeRole } from '../session/chat';
import type { IFoil } from '../session/contrast';
import { largestOf, sizesOf } from '../session/effectShades';
import {
  aboutNats,
  chances,
  describeEffect,
  describeUnlooked,
  direction,
  nats,
  percent
} from '../session/labels';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { isSigned, scoreOf } from '../session/map';
import { textOf } from '../session/runText';
import { unlookedOf } from '../session/mapEffects';
import { METHODS } from '../session/methods';
import { certaintyOf, certaintyWords } from './chance';
import { TargetName } from './contrast';
import { lineOf } from './line';
import { LongPart } from './longPart';
import { rankedOf } from './table';

/** How many segments are listed at first. */
const COUNT = 5;

/** What the user can do with a segment of the prompt. */
export interface ISegmentTools {
  /** What is before its row: a box that marks it. */
  readonly mark: (index: number, content: string) => JSX.Element;
  /** What is behind its row. */
  readonly trials: (index: number, content: string) => JSX.Element;
}

/** The segments with the largest shares, so that users needn't judge colours. */
export const TopSegments = React.memo(
  (props: {
    text: IText;
    map: IShownMap;
    /** The foil, if any. */
    foil?: IFoil | null;
    /** Scroll to a segment and draw attention to it. */
    onShow: (index: number) => void;
    /** What the user can do with a segment of the prompt; absent: nothing. */
    tools?: ISegmentTools;
    /** Save all segments as a table; absent: only the first ones can be listed. */
    onSave?: () => void;
  }): JSX.Element => {
    const { trans } = usePanel();
    const { text, map, onShow, tools, onSave } = props;
    const [isAll, setAll] = useState(false);
    const { kind } = METHODS[map.method];
    const { effects } = map;
    const isSignedMap = isSigned(map);
    // It is that of shares: effects and averages have none.
    const isByShare = !effects || effects.by === 'share';
    const certainty = isByShare ? certaintyOf(map) : null;
    const stays = map.segments.some(
      ({ span: [start, end], share }) =>
        start >= text.seam && end <= map.target[0] && share === null
    );
    const target = textOf(text.tokens, map.target).trim();
    const { foil = null } = props;
    const name = foil
      ? trans.__('What led to “%1” rather than “%2”', target, foil.text.trim())
      : trans.__('What led to “%1”', target);
    const ranked = rankedOf(map);
    const top = isAll ? ranked : ranked.slice(0, COUNT);
    return (
      <section
        className="lit-ranks"
        data-kind={kind}
        data-effects={effects !== undefined}
      >
        <h3 className="lit-ranks-title" data-foil={foil !== null} title={name}>
          <TargetName target={target} foil={foil} />
        </h3>
        {top.length === 0 && (
          <p className="lit-hint">
            {trans.__(
              'There is no text before the target that could have led to it.'
            )}
          </p>
        )}
        <ol aria-label={name}>
          {top.map(({ segment, index }) => {
            const content = textOf(text.tokens, segment.span);
            const share = segment.share ?? 0;
            const effect = effects?.all[index];
            const passage = unlookedOf(map, index);
            const score = scoreOf(map, index);
            const [length, longest] =
              effects && effects.by !== 'share'
                ? [Math.abs(score), largestOf(sizesOf(effects))]
                : [share, map.maxShare];
            const weight =
              effects?.by === 'average' ? effects.fitted?.[index] : null;
            // Those of the answer can't be tried away.
            const isOfPrompt = index < text.prompt.length;
            const turn = text.turns.get(text.segments[index]);
            return (
              <li
                key={index}
                className="lit-ranks-item"
                data-tools={tools !== undefined}
              >
                {tools && isOfPrompt && tools.mark(index, content)}
                <button
                  type="button"
                  className="lit-ranks-row"
                  data-for={index}
                  data-sign={score < 0 ? 'negative' : undefined}
                  title={trans.__(
                    'Line %1: show it in the text',
                    lineOf(text, segment.span)
                  )}
                  onClick={() => onShow(index)}
                >
                  <span className="lit-ranks-rank">{segment.rank}</span>
                  <span
                    className="lit-ranks-line"
                    aria-label={trans.__('line %1', lineOf(text, segment.span))}
                  >
                    {lineOf(text, segment.span)}
                  </span>
                  <bdi className="lit-ranks-text">
                    {turn !== undefined && (
                      <strong>{describeRole(turn, trans)} </strong>
                    )}
                    <LongPart content={content.trim()} />
                  </bdi>
                  <span className="lit-bar" aria-hidden>
                    <span
                      style={{
                        width: `${longest > 0 ? (length / longest) * 100 : 0}%`
                      }}
                    />
                  </span>
                  {isSignedMap && score !== 0 && (
                    <span className="lit-visually-hidden">
                      {direction(score, trans)}
                    </span>
                  )}
                  <span
                    className="lit-ranks-share"
                    title={kind === 'ablation' ? aboutNats(trans) : undefined}
                  >
                    {kind === 'ablation'
                      ? nats(segment, trans)
                      : (segment.score < 0 ? '−' : '') + percent(share)}
                  </span>
                  {effects && (
                    <span
                      className="lit-ranks-effect"
                      title={
                        effect
                          ? `${describeEffect(
                              effect,
                              effects.fitted?.[index] ?? null,
                              trans
                            )} ${aboutNats(trans)}`
                          : passage
                            ? describeUnlooked(passage, trans)
                            : undefined
                      }
                    >
                      {!effect
                        ? '–'
                        : typeof weight === 'number'
                          ? nats({ score: weight }, trans)
                          : chances(effect)}
                    </span>
                  )}
                </button>
                {tools && isOfPrompt && tools.trials(index, content)}
              </li>
            );
          })}
        </ol>
        {onSave && ranked.length > 0 && (
          <p className="lit-ranks-more">
            {ranked.length > COUNT && (
              <button
                type="button"
                className="lit-link"
                aria-expanded={isAll}
                onClick={() => setAll(!isAll)}
              >
                {isAll
                  ? trans.__('Show the first %1', COUNT)
                  : trans.__('Show all %1 parts', ranked.length)}
              </button>
            )}
            <button type="button" className="lit-link" onClick={onSave}>
              {trans.__('Save as CSV')}
            </button>
          </p>
        )}
        {certainty && (
          <p
            className="lit-hint"
            data-certainty={certainty}
            title={certainty === 'small' ? aboutNats(trans) : undefined}
          >
            {certaintyWords(certainty, trans)}
          </p>
        )}
        {kind === 'ablation' && stays && (
          <p className="lit-hint">
            {trans.__(
              'Only sentences of the prompt were deleted; those of the answer stayed.'
            )}
          </p>
        )}
      </section>
    );
  }
);
TopSegments.displayName = 'TopSegments';
