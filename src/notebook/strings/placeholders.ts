/** Placeholders as libraries write them: Jinja, Mustache, `string.Template`, LlamaIndex. */
import type { IEdit } from '../../session/mapped';

/** Ways to write placeholders that `scan` reads. */
export type Syntax =
  /** `{{ x }}`, as Jinja 2 reads it. */
  | 'jinja'
  /** `{{x}}` and `{{{x}}}`, as LangChain's Mustache reads it. */
  | 'mustache'
  /** `$x`, `${x}` and `$$`: `string.Template`. */
  | 'dollar'
  /** `{x}`; other braces are text: LlamaIndex. */
  | 'braces';

/** A placeholder, at `[from, to)` of the template. */
export interface IPlaceholder {
  readonly from: number;
  readonly to: number;
  /** What it is called: the expression in it, blanks made single. */
  readonly name: string;
  /** Keys that lead to its value, a name first; null for other expressions. */
  readonly path: readonly string[] | null;
  /** Whether the library escapes HTML in its value, however it is called. */
  readonly isEscaped: boolean;
}

/** What is read of a template. */
export interface IScan {
  /** What the library writes otherwise, such as `$` for `$$`. */
  readonly edits: readonly IEdit[];
  readonly places: readonly IPlaceholder[];
  /** Signs that open something that is never closed. */
  readonly unmatched: readonly string[];
  /** A tag that decides at run time what the text is, such as `{% if x %}`. */
  readonly tag: string | null;
}

/** Longest tag that is shown, in UTF-16 units. */
const MAX_SHOWN = 60;

/** Read a template's placeholders. */
export function scan(syntax: Syntax, text: string, keepsEnd = false): IScan {
  switch (syntax) {
    case 'jinja':
      return scanJinja(text, keepsEnd);
    case 'mustache':
      return scanMustache(text);
    case 'dollar':
      return scanDollar(text);
    case 'braces':
      return scanBraces(text);
  }
}

function scanDollar(text: string): IScan {
  const edits: IEdit[] = [];
  const places: IPlaceholder[] = [];
  const unmatched = new Set<string>();
  const pattern = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})?/gi;
  for (const match of text.matchAll(pattern)) {
    const [whole, escaped, named, braced] = match;
    const from = match.index;
    const to = from + whole.length;
    const name = named ?? braced;
    if (escaped !== undefined) {
      edits.push({ from, to, insert: '$' });
    } else if (name === undefined) {
      unmatched.add('$');
    } else {
      places.push({ from, to, name, path: [name], isEscaped: false });
    }
  }
  return { edits, places, unmatched: [...unmatched], tag: null };
}

function scanBraces(text: string): IScan {
  const places = Array.from(
    text.matchAll(/\{([A-Za-z_]\w*)\}/g),
    ({ 0: whole, 1: name, index }) => ({
      from: index,
      to: index + whole.length,
      name,
      path: [name],
      isEscaped: false
    })
  );
  return { edits: [], places, unmatched: [], tag: null };
}

function scanMustache(text: string): IScan {
  const places: IPlaceholder[] = [];
  for (let at = text.indexOf('{{'); at !== -1; at = text.indexOf('{{', at)) {
    const isBare = text[at + 2] === '{';
    const close = isBare ? '}}}' : '}}';
    const end = text.indexOf('}}', at + 2);
    if (end === -1 || !text.startsWith(close, end)) {
      return { edits: [], places, unmatched: ['{{'], tag: null };
    }
    const inside = text.slice(at + (isBare ? 3 : 2), end).trim();
    const to = end + close.length;
    const [, sign, name] = /^(&?)\s*([^]*)$/.exec(inside)!;
    if (/^[#^/>!=]/.test(name)) {
      return { edits: [], places, unmatched: [], tag: shown(text, at, to) };
    }
    places.push({
      from: at,
      to,
      name: single(name),
      path: /^[^\s.]+(\.[^\s.]+)*$/.test(name) ? name.split('.') : null,
      isEscaped: !isBare && sign === ''
    });
    at = to;
  }
  // Where a value stands both escaped and not, these are two fields.
  const escaped = new Set(
    places.filter(one => one.isEscaped).map(({ name }) => name)
  );
  const named = places.map(place =>
    !place.isEscaped && escaped.has(place.name)
      ? { ...place, name: `&${place.name}` }
      : place
  );
  return { edits: [], places: named, unmatched: [], tag: null };
}

/** What `str.rstrip` and the `\s` of Python's `re` take for blanks. */
const BLANK =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

/** Names in Jinja that have values without arguments of `render`. */
const JINJA_NAMES =
  /^(true|false|none|True|False|None|not|range|dict|lipsum|cycler|joiner|namespace|self|loop|caller|varargs|kwargs)$/;

function scanJinja(text: string, keepsEnd: boolean): IScan {
  const edits: IEdit[] = [];
  const places: IPlaceholder[] = [];
  const stop = (tag: string | null, unmatched: readonly string[] = []) => ({
    edits,
    places,
    unmatched,
    tag
  });
  // Jinja drops one line's end at the template's end.
  const end = keepsEnd ? text.length : text.replace(/(\r\n|\r|\n)$/, '').length;
  let at = 0;
  let trims = false;
  const opening = /\{[{%#]/g;
  for (;;) {
    opening.lastIndex = at;
    const next = opening.exec(text);
    const from = next === null ? end : next.index;
    const trimsEnd = next !== null && text[from + 2] === '-';
    edits.push(...dataEdits(text, at, Math.min(from, end), trims, trimsEnd));
    if (next === null) {
      if (end < text.length) {
        edits.push({ from: end, to: text.length, insert: '' });
      }
      return stop(null);
    }
    const kind = text[from + 1];
    const inside = from + (/[-+]/.test(text[from + 2] ?? '') ? 3 : 2);
    if (kind === '#') {
      const close = text.indexOf('#}', inside);
      if (close === -1) {
        return stop(null, ['{#']);
      }
      edits.push({ from, to: close + 2, insert: '' });
      trims = text[close - 1] === '-';
      at = close + 2;
      continue;
    }
    if (kind === '%') {
      RAW.lastIndex = from;
      const raw = RAW.exec(text);
      if (raw === null) {
        const close = text.indexOf('%}', inside);
        return close === -1
          ? stop(null, ['{%'])
          : stop(shown(text, from, close + 2));
      }
      const [whole, head, , body, tail, trimsBehind] = raw;
      const start = from + head.length;
      const bodyEnd = start + body.length;
      edits.push({ from, to: start, insert: '' });
      edits.push(
        ...dataEdits(text, start, bodyEnd, raw[2] === '-', tail[2] === '-')
      );
      edits.push({ from: bodyEnd, to: from + whole.length, insert: '' });
      trims = trimsBehind === '-';
      at = from + whole.length;
      continue;
    }
    const close = expressionEnd(text, inside);
    if (close === null) {
      return stop(null, ['{{']);
    }
    trims = text[close - 1] === '-';
    const to = close + 2;
    const expression = text.slice(inside, trims ? close - 1 : close).trim();
    const literal = /^(?:"([^"\\\n]*)"|'([^'\\\n]*)')$/.exec(expression);
    if (literal !== null) {
      edits.push({ from, to, insert: literal[1] ?? literal[2] });
    } else {
      places.push({
        from,
        to,
        name: single(expression),
        path: pathOf(expression),
        isEscaped: false
      });
    }
    at = to;
  }
}

const RAW =
  /(\{%[-+]?\s*raw\s*(-?)%\})([^]*?)(\{%[-+]?\s*endraw\s*(?:\+|(-))?%\})/y;

/** What Jinja changes in the text between its tags. */
function dataEdits(
  text: string,
  from: number,
  to: number,
  trimsStart: boolean,
  trimsEnd: boolean
): IEdit[] {
  if (from >= to) {
    return [];
  }
  const data = text.slice(from, to);
  const start = trimsStart ? new RegExp(`^${BLANK}*`).exec(data)![0].length : 0;
  let stop = data.length;
  while (
    trimsEnd &&
    stop > start &&
    new RegExp(`^${BLANK}$`).test(data[stop - 1])
  ) {
    stop--;
  }
  const breaks = Array.from(
    data.slice(start, stop).matchAll(/\r\n?/g),
    ({ 0: whole, index }): IEdit => ({
      from: from + start + index,
      to: from + start + index + whole.length,
      insert: '\n'
    })
  );
  return [
    ...(start > 0 ? [{ from, to: from + start, insert: '' }] : []),
    ...breaks,
    ...(stop < data.length ? [{ from: from + stop, to, insert: '' }] : [])
  ];
}

/** Where the `}}` stands that ends an expression; null where none does. */
function expressionEnd(text: string, from: number): number | null {
  let depth = 0;
  const sign = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|[([{]|[)\]}]/g;
  sign.lastIndex = from;
  for (let match = sign.exec(text); match; match = sign.exec(text)) {
    const [found] = match;
    if (depth === 0 && text.startsWith('}}', match.index)) {
      return match.index;
    }
    if (/^[([{]/.test(found)) {
      depth++;
    } else if (/^[)\]}]/.test(found) && --depth < 0) {
      return null;
    }
  }
  return null;
}

/** The keys of `x`, `x.y` and `x["y"]`; null for other expressions. */
function pathOf(expression: string): string[] | null {
  const isPath =
    /^[A-Za-z_]\w*(\.[A-Za-z_]\w*|\["[^"\\\]]*"\]|\['[^'\\\]]*'\])*$/.test(
      expression
    );
  const keys = isPath
    ? Array.from(
        expression.matchAll(/\[(["'])([^]*?)\1\]|\w+/g),
        ([whole, , key]) => key ?? whole
      )
    : [];
  return keys.length === 0 || JINJA_NAMES.test(keys[0]) ? null : keys;
}

/** A text with its blanks made single. */
function single(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** A tag as it is shown. */
function shown(text: string, from: number, to: number): string {
  const tag = single(text.slice(from, to));
  return tag.length > MAX_SHOWN ? `${tag.slice(0, MAX_SHOWN)}…` : tag;
}
