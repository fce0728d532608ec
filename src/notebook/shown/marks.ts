/** Shades over text that isn't in an editor. */
import { MARKED_RANKS } from '../overlay';
import type { IShadedRange } from '../overlay';
import type { IPortion } from './text';

/** A shade, and the text nodes that it lies over. */
export interface IMark {
  readonly range: IShadedRange;
  readonly portions: readonly IPortion[];
}

/** Draws shades. */
export interface IMarker {
  /** Draw these in place of those before. */
  draw(marks: readonly IMark[]): void;
}

/** How many strengths a highlight may have: each needs a rule in style/notebook.css. */
const LEVELS = 8;

/** The way that the browser has: highlights, which leave the document alone, or elements. */
export function makeMarker(): IMarker {
  return typeof Highlight === 'function' && globalThis.CSS?.highlights
    ? new HighlightMarker(CSS.highlights)
    : new ElementMarker();
}

/** Draws by the browser's custom highlights. Several markers may share a name. */
class HighlightMarker implements IMarker {
  constructor(registry: HighlightRegistry) {
    this._registry = registry;
  }

  draw(marks: readonly IMark[]): void {
    for (const [name, range] of this._drawn) {
      this._registry.get(name)?.delete(range);
    }
    this._drawn = marks.flatMap(({ range, portions }) =>
      portions.flatMap(portion =>
        namesOf(range).map((name): [string, AbstractRange] => [
          name,
          rangeOf(portion)
        ])
      )
    );
    for (const [name, range] of this._drawn) {
      let highlight = this._registry.get(name);
      if (highlight === undefined) {
        highlight = new Highlight();
        this._registry.set(name, highlight);
      }
      highlight.add(range);
    }
  }

  private readonly _registry: HighlightRegistry;
  private _drawn: [string, AbstractRange][] = [];
}

/** The highlights that draw a shade: its strength, and its rank if it is a high one. */
function namesOf({ weight, rank }: IShadedRange): string[] {
  const level = Math.max(1, Math.round(Math.abs(weight) * LEVELS));
  const side = weight < 0 ? 'against' : 'for';
  return [
    `lit-${side}-${level}`,
    ...(rank <= MARKED_RANKS
      ? [weight < 0 ? 'lit-against-rank' : `lit-for-rank-${rank}`]
      : [])
  ];
}

/** A portion as the browser's own range. */
export function rangeOf({ node, from, to }: IPortion): Range {
  const range = new Range();
  range.setStart(node, Math.min(from, node.length));
  range.setEnd(node, Math.min(to, node.length));
  return range;
}

/** Draws by elements around the text; without them, the document is as it was, node by node. */
class ElementMarker implements IMarker {
  draw(marks: readonly IMark[]): void {
    for (const { node, parts } of this._drawn) {
      const first = parts.find(part => part.parentNode !== null);
      first?.parentNode?.insertBefore(node, first);
      parts.forEach(part => part.remove());
    }
    const byNode = new Map<Text, [IPortion, IShadedRange][]>();
    for (const { range, portions } of marks) {
      for (const portion of portions) {
        const others = byNode.get(portion.node) ?? [];
        byNode.set(portion.node, [...others, [portion, range]]);
      }
    }
    this._drawn = [...byNode].map(([node, shades]) => {
      const parts = split(node, shades);
      node.replaceWith(...parts);
      return { node, parts };
    });
  }

  private _drawn: { readonly node: Text; readonly parts: ChildNode[] }[] = [];
}

/** A text node's text in parts, some of them shaded. */
function split(
  { data }: Text,
  shades: readonly (readonly [IPortion, IShadedRange])[]
): ChildNode[] {
  const parts: ChildNode[] = [];
  let at = 0;
  const plain = (to: number) => {
    if (to > at) {
      parts.push(document.createTextNode(data.slice(at, to)));
    }
  };
  for (const [{ from, to }, { weight, rank, label }] of [...shades].sort(
    ([a], [b]) => a.from - b.from
  )) {
    const start = Math.max(from, at);
    if (start >= to) {
      continue;
    }
    plain(start);
    const shade = document.createElement('span');
    shade.className = 'lit-shade';
    shade.title = label;
    shade.style.setProperty('--lit-weight', Math.abs(weight).toFixed(3));
    shade.dataset.sign = weight < 0 ? 'negative' : 'positive';
    if (rank <= MARKED_RANKS) {
      shade.dataset.rank = String(rank);
    }
    shade.textContent = data.slice(start, to);
    parts.push(shade);
    at = to;
  }
  plain(data.length);
  return parts;
}
