import React, {
  startTransition,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import type { Token } from '../api';
import type { TokenSpan } from '../salience';
import type { IShownMap } from '../session/map';
import { textOf } from '../session/runText';
import { markOf } from './marked';
import { isJoined, isWithin, Segment } from './segment';
import type { ISegmentMark } from './segment';
import { TurnSegment } from './turn';

/** How many segments to render at once. If there are more, those in view are rendered first. */
const AT_ONCE = 150;

/** How many tokens a group of segments has. A group is rendered as a whole. */
const GROUP = 64;

/** The properties of {@link Part}. */
export interface IPartProps {
  label: string;
  tokens: readonly Token[];
  spans: readonly TokenSpan[];
  /** Token span of the part. */
  from: number;
  to: number;
  /** Index of its first segment in the whole text. */
  first: number;
  map: IShownMap | null;
  target: TokenSpan | null;
  marks: readonly ISegmentMark[] | null;
  /** The parts that are marked for a trial; left out: none can be. */
  marked?: readonly TokenSpan[];
  pickable: boolean;
  /** Whether the part belongs to the prompt; left out for whether it begins the sequence. */
  isPrompt?: boolean;
  surprisal?: boolean;
  /** The roles of the segments that begin a turn. */
  turns?: ReadonlyMap<TokenSpan, string>;
  /** Whether segments that begin a turn show their whole text. */
  unfolded?: boolean;
}

/**
 * The prompt or the answer.
 *
 * When the segments of a long text change, the first frame renders those in view, and the rest as plain text until the
 * next frame.
 */
export const Part = React.memo(
  (props: IPartProps): JSX.Element => {
    const { label, tokens, spans, from, to } = props;
    const root = useRef<HTMLSpanElement>(null);
    const groups = useMemo(() => groupsOf(spans), [spans]);
    const inSight = useSight(root, spans);
    const cut = useCut(spans);
    return (
      <span
        ref={root}
        role="group"
        aria-label={label}
        className="lit-part"
        data-part={(props.isPrompt ?? from === 0) ? 'prompt' : 'answer'}
      >
        {spans.length === 0 && textOf(tokens, [from, to])}
        {groups.map(([begin, end]) => {
          const first = groupAt(spans[begin][0]);
          const last = groupAt(spans[end - 1][1] - 1);
          const isDrawn = inSight === null || isAnyIn(first, last, inSight);
          return (
            <Group
              {...props}
              key={`${first}/${cut}/${isDrawn}`}
              first={first}
              last={last}
              firstSegment={props.first}
              begin={begin}
              end={end}
              isDrawn={isDrawn}
            />
          );
        })}
      </span>
    );
  },
  // While an answer arrives, the prompt keeps the same token objects.
  (one, other) =>
    one.spans === other.spans &&
    one.map === other.map &&
    one.target === other.target &&
    one.marks === other.marks &&
    one.marked === other.marked &&
    one.pickable === other.pickable &&
    one.surprisal === other.surprisal &&
    one.unfolded === other.unfolded &&
    one.label === other.label &&
    one.to === other.to
);
Part.displayName = 'Part';

interface IGroupProps extends IPartProps {
  /** Indices of the first and last place that it takes, which don't depend on the segments. */
  first: number;
  last: number;
  firstSegment: number;
  /** The span of its segments within the part. */
  begin: number;
  end: number;
  isDrawn: boolean;
}

/** Consecutive segments. */
function Group(props: IGroupProps): JSX.Element {
  const { tokens, spans, firstSegment, map, target, begin, end } = props;
  const drawn = (span: TokenSpan, n: number) => {
    const i = begin + n;
    const salience = map?.segments[firstSegment + i];
    const isTarget = isWithin(span, target);
    const turn = props.turns?.get(span);
    const marked = props.marked && markOf(span, props.marked);
    if (turn !== undefined) {
      return (
        <TurnSegment
          key={`${span[0]}:${span[1]}`}
          index={firstSegment + i}
          start={span[0]}
          content={textOf(tokens, span)}
          role={turn}
          unfolded={props.unfolded === true}
          weight={map?.weights[firstSegment + i] ?? 0}
          rank={salience?.rank ?? null}
          share={salience?.share ?? null}
          mark={props.marks?.[firstSegment + i]}
          marked={marked}
        />
      );
    }
    return (
      <Segment
        key={`${span[0]}:${span[1]}`}
        index={firstSegment + i}
        tokens={tokens}
        start={span[0]}
        end={span[1]}
        weight={map?.weights[firstSegment + i] ?? 0}
        rank={salience?.rank ?? null}
        share={salience?.share ?? null}
        isTarget={isTarget}
        joinsBefore={isTarget && isJoined(tokens, spans, i - 1, target)}
        joinsAfter={isTarget && isJoined(tokens, spans, i, target)}
        pickable={props.pickable}
        surprisal={props.surprisal}
        mark={props.marks?.[firstSegment + i]}
        marked={marked}
      />
    );
  };
  return (
    <span data-group={props.first} data-last={props.last}>
      {props.isDrawn
        ? spans.slice(begin, end).map(drawn)
        : mere(textOf(tokens, [spans[begin][0], spans[end - 1][1]]))}
    </span>
  );
}

/** Text without segments. Its lines are as high as lines with segments, so that nothing moves when segments appear. */
function mere(text: string): React.ReactNode {
  return text.split(/(\n+)/).map((line, i) =>
    line.trim() ? (
      <span key={i} className="lit-mere">
        {line}
      </span>
    ) : (
      line
    )
  );
}

/** The group whose place contains a token. */
function groupAt(token: number): number {
  return Math.floor(token / GROUP);
}

function isAnyIn(
  first: number,
  last: number,
  groups: ReadonlySet<number>
): boolean {
  for (let at = first; at <= last; at++) {
    if (groups.has(at)) {
      return true;
    }
  }
  return false;
}

/** The spans of the segments of each group. */
function groupsOf(spans: readonly TokenSpan[]): [number, number][] {
  const groups: [number, number][] = [];
  spans.forEach((span, i) => {
    const last = groups[groups.length - 1];
    if (last && groupAt(spans[last[0]][0]) === groupAt(span[0])) {
      last[1] = i + 1;
    } else {
      groups.push([i, i + 1]);
    }
  });
  return groups;
}

/**
 * A number that changes with the segments of a long text. As a part of React's keys, it makes React remove whole groups,
 * which is much faster than removing segments. In a short text it stays the same, and so the focus stays.
 */
function useCut(spans: readonly TokenSpan[]): number {
  const latest = useRef({ spans, cut: 0 });
  if (latest.current.spans !== spans) {
    const before = latest.current.spans.length;
    const isLong = Math.max(before, spans.length) > AT_ONCE;
    latest.current = { spans, cut: latest.current.cut + (isLong ? 1 : 0) };
  }
  return latest.current.cut;
}

/**
 * The groups to render in the current frame; null for all.
 *
 * The positions of the groups before the change show what is in view, since new segments don't move the text.
 */
function useSight(
  root: React.RefObject<HTMLElement>,
  spans: readonly TokenSpan[]
): ReadonlySet<number> | null {
  const [whole, setWhole] = useState(spans);
  const isWaiting =
    spans.length > AT_ONCE && whole !== spans && root.current !== null;
  const inSight = useMemo(
    () => (isWaiting ? groupsInSight(root.current!) : null),
    [isWaiting, spans]
  );
  useEffect(() => {
    if (!isWaiting) {
      return;
    }
    // Continue in a separate task after the frame.
    let timer = 0;
    const frame = requestAnimationFrame(() => {
      timer = window.setTimeout(() => {
        startTransition(() => setWhole(spans));
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      window.clearTimeout(timer);
    };
  }, [isWaiting, spans]);
  return inSight;
}

/** The groups of a part that are in view, or would be with slightly different line breaks. */
function groupsInSight(part: HTMLElement): ReadonlySet<number> {
  const found = new Set<number>();
  const frame = frameOf(part);
  const spare = (frame.bottom - frame.top) / 8;
  for (const element of part.querySelectorAll<HTMLElement>('[data-group]')) {
    const { top, bottom } = element.getBoundingClientRect();
    if (bottom > frame.top - spare && top < frame.bottom + spare) {
      // A long segment may extend into the places of others.
      const last = Number(element.dataset.last);
      for (let at = Number(element.dataset.group); at <= last; at++) {
        found.add(at);
      }
    }
  }
  return found;
}

/** The top and bottom of the visible area of an element's scroll container, in the window. */
function frameOf(element: HTMLElement): { top: number; bottom: number } {
  for (let at = element.parentElement; at; at = at.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) {
      return at.getBoundingClientRect();
    }
  }
  return { top: 0, bottom: window.innerHeight };
}
