/**
 * A map without scripts and style sheets: what sites such as nbviewer and
 * GitHub show of a notebook's output; and plain text.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import { lineOf } from '../map/line';
import { methodWords } from '../map/methods';
import { addedTurn, templateEnds } from '../salience';
import type { ISegmentSalience, TokenSpan } from '../salience';
import { describeRole } from '../session/chat';
import { chances, nats, percent } from '../session/labels';
import { textOf } from '../session/runText';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { METHODS, scoresTokens } from '../session/methods';
import { termsOf } from './about';
import { escapeHtml, oneLine } from './escape';
import type { ILook, Reading } from './reading';

/** How many segments are listed, and how many show their rank in the text. */
const LISTED = 5;
const RANKED = 3;

/** Red, green and blue for the target, and against it; on any background. */
const FOR = '25,118,210';
const AGAINST = '245,124,0';

/** The facts of a run, and the segments with the largest shares. */
interface ISummary {
  readonly title: string;
  readonly facts: string;
  readonly rows: readonly {
    readonly line: number;
    readonly text: string;
    readonly share: string;
  }[];
  readonly notes: readonly string[];
}

/** A run's map as HTML, readable even without its style attributes. */
export function staticHtml(
  reading: Reading,
  look: ILook,
  target: TokenSpan | null,
  trans: TranslationBundle
): string {
  const text = reading.text(look, target);
  const map = target && reading.map(text, target, look);
  const { title, facts, rows, notes } = summarize(reading, text, map, trans);
  const list = rows.map(
    ({ line, text: content, share }) =>
      `<li><strong>${escapeHtml(share)}</strong> ${escapeHtml(content)} <em>(${escapeHtml(trans.__('line %1', line))})</em></li>`
  );
  return [
    '<div style="max-width:860px">',
    `<p><strong>${escapeHtml(title)}</strong><br>${escapeHtml(facts)}</p>`,
    list.length > 0 ? `<ol>${list.join('')}</ol>` : '',
    `<pre style="white-space:pre-wrap;padding:8px;border:1px solid #bdbdbd;border-radius:4px">\n${shaded(text, map, trans)}</pre>`,
    ...notes.map(note => `<p><em>${escapeHtml(note)}</em></p>`),
    '</div>'
  ].join('');
}

/** A run's map as text. */
export function staticText(
  reading: Reading,
  look: ILook,
  target: TokenSpan | null,
  trans: TranslationBundle
): string {
  const text = reading.text(look, target);
  const map = target && reading.map(text, target, look);
  const { title, facts, rows, notes } = summarize(reading, text, map, trans);
  return [
    title,
    facts,
    ...rows.map(
      ({ line, text: content, share }, i) =>
        `${i + 1}. ${share}  ${content} (${trans.__('line %1', line)})`
    ),
    ...notes
  ].join('\n');
}

function summarize(
  { record }: Reading,
  text: IText,
  map: IShownMap | null,
  trans: TranslationBundle
): ISummary {
  const words = map && methodWords(trans)[map.method];
  const terms = termsOf(record, trans);
  const asked = new Date(record.created * 1000);
  const top = [...(map?.segments ?? [])]
    .filter(({ rank }) => rank !== null && rank <= LISTED)
    .sort((a, b) => a.rank! - b.rank!);
  return {
    title: map
      ? trans.__('What led to “%1”', oneLine(textOf(text.tokens, map.target)))
      : trans.__('No map of this run was computed.'),
    facts: [
      record.model,
      asked.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }),
      words ? `${words.name}: ${words.measures}` : ''
    ]
      .filter(fact => fact !== '')
      .join(' · '),
    rows: top.map(segment => ({
      line: lineOf(text, segment.span),
      text: oneLine(textOf(text.tokens, segment.span)),
      share: shareWords(map!, segment, trans)
    })),
    notes: [
      map && isChat(text) && scoresTokens(map.method)
        ? trans.__(
            'The chat format’s own tokens: %1 of salience, counted separately.',
            percent(map.templateShare)
          )
        : '',
      terms ? `${terms.note} ${terms.url}` : ''
    ].filter(note => note !== '')
  };
}

/** A segment's share, and its effect if it has one. */
function shareWords(
  map: IShownMap,
  segment: ISegmentSalience,
  trans: TranslationBundle
): string {
  const share =
    METHODS[map.method].kind === 'ablation'
      ? nats(segment, trans)
      : (segment.score < 0 ? '−' : '') + percent(segment.share ?? 0);
  const effect = map.effects?.all[map.segments.indexOf(segment)];
  return effect
    ? trans.__('%1; without it: %2', share, chances(effect))
    : share;
}

/** Whether a chat format put turns around or after the prompt. */
function isChat({ tokens, seam }: IText): boolean {
  return templateEnds(tokens, seam).some(span => addedTurn(tokens, span));
}

/** Prompt and answer, each segment coloured by its share. */
function shaded(
  text: IText,
  map: IShownMap | null,
  trans: TranslationBundle
): string {
  const parts: string[] = [];
  let at = 0;
  const { tokens, segments, seam } = text;
  const heading = (role: string) =>
    `<em>${escapeHtml(describeRole(role, trans))}:</em>\n`;
  const [before, behind] = templateEnds(tokens, seam).map(span => {
    const added = addedTurn(tokens, span);
    return added === null ? '' : heading(added.role);
  });
  const conversation = [...text.conversation];
  if (conversation.length === 0) {
    parts.push(before);
  }
  let isBehind = behind === '';
  for (const [i, span] of segments.entries()) {
    const content = textOf(tokens, span);
    const core = content.trim();
    const lead = content.length - content.trimStart().length;
    const rank = map?.segments[i]?.rank ?? null;
    const weight = map?.weights[i] ?? 0;
    const isTarget =
      map !== null && span[0] >= map.target[0] && span[1] <= map.target[1];
    parts.push(escapeHtml(textOf(tokens, [at, span[0]])));
    if (conversation.length > 0 && span[0] >= conversation[0].span[0]) {
      const { role, first } = conversation.shift()!;
      parts.push(first === 0 ? '' : '\n', heading(role));
    }
    if (!isBehind && span[0] >= seam) {
      parts.push(`\n${behind}`);
      isBehind = true;
    }
    parts.push(escapeHtml(content.slice(0, lead)));
    const strength = (Math.abs(weight) * 0.55).toFixed(2);
    const colour = weight < 0 ? AGAINST : FOR;
    const style = isTarget
      ? 'border:2px solid #d32f2f;border-radius:3px'
      : `background-color:rgba(${colour},${strength})`;
    const inner = escapeHtml(core);
    parts.push(
      isTarget || Number(strength) > 0
        ? `<span style="${style}">${isTarget ? `<u>${inner}</u>` : inner}</span>`
        : inner
    );
    if (rank !== null && rank <= RANKED && weight !== 0) {
      parts.push(`<sup><strong>${rank}</strong></sup>`);
    }
    parts.push(escapeHtml(content.slice(lead + core.length)));
    at = span[1];
  }
  parts.push(escapeHtml(textOf(tokens, [at, tokens.length])));
  return parts.join('');
}
