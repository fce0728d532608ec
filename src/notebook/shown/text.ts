/** The text that an element shows, and the text nodes that hold its stretches. */
import type { Span } from '../../session/source';

/** The most units that are read. */
const MAX_UNITS = 200_000;

/** Elements that don't end a line or a word. */
const INLINE = new Set(
  'A ABBR B BDI BDO CITE CODE DEL DFN EM FONT I INS KBD MARK Q S SAMP SMALL SPAN STRONG SUB SUP TT U VAR'.split(
    ' '
  )
);

/** Elements whose text is no text of the cell. */
const ASIDE = 'script, style, noscript, button, .jp-InternalAnchorLink';

/** A stretch of a text node. */
export interface IPortion {
  readonly node: Text;
  readonly from: number;
  readonly to: number;
}

/** What elements show. */
export interface IShownText {
  readonly text: string;
  /** Its text nodes, and where each begins in it. */
  readonly nodes: readonly { readonly node: Text; readonly start: number }[];
}

/**
 * Read what elements show, one after the other. Blocks are set apart by a line break.
 *
 * @returns null if that is too much.
 */
export function shownText(roots: readonly Node[]): IShownText | null {
  const nodes: { node: Text; start: number }[] = [];
  let text = '';
  const open: (Node | null)[] = [];
  for (const root of [...roots].reverse()) {
    open.push(null, root, null);
  }
  // Depth first; null stands for the edge of a block.
  while (open.length > 0) {
    const node = open.pop()!;
    if (node === null) {
      text += text === '' || text.endsWith('\n') ? '' : '\n';
    } else if (node instanceof Text) {
      if (node.data !== '') {
        nodes.push({ node, start: text.length });
        text += node.data;
      }
    } else if (!(node instanceof Element) || !node.matches(ASIDE)) {
      const isBlock = node instanceof Element && !INLINE.has(node.tagName);
      if (isBlock) {
        open.push(null);
      }
      for (let child = node.lastChild; child; child = child.previousSibling) {
        open.push(child);
      }
      if (isBlock) {
        open.push(null);
      }
    }
    if (text.length > MAX_UNITS) {
      return null;
    }
  }
  return { text, nodes };
}

/** The parts of text nodes that hold a span, without those that are blank. */
export function portionsOf(
  { nodes }: IShownText,
  [from, to]: Span
): IPortion[] {
  const portions: IPortion[] = [];
  let low = 0;
  let high = nodes.length;
  // The last node that begins at the span's start or before.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nodes[middle].start <= from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (let at = Math.max(0, low - 1); at < nodes.length; at++) {
    const { node, start } = nodes[at];
    if (start >= to) {
      break;
    }
    const portion = {
      node,
      from: Math.max(0, from - start),
      to: Math.min(node.length, to - start)
    };
    if (node.data.slice(portion.from, portion.to).trim() !== '') {
      portions.push(portion);
    }
  }
  return portions;
}
