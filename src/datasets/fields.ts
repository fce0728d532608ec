/** Columns and fields: a template over columns, and fields of prompts that columns fill. */
import type { DatasetFullRow, DatasetState } from '../api';
import type { IField } from '../session/source';

/** A row's values by column. */
export type Values = Readonly<Record<string, string>>;

/** Most fields that are looked for in a row's prompt. */
const MAX_FIELDS = 100;

/** Longest prompt that fields are looked for in, in UTF-16 units. */
const MAX_PROMPT = 200_000;

/** `{name}` or `{{name}}`. */
const IN_TEMPLATE = /\{\{([^{}]+)\}\}|\{([^{}]+)\}/g;

/** The same, with a name as variables have, and not as in code or in LaTeX's `\frac{a}{b}`. */
const IN_PROMPT =
  /(?<![\\\w}^$@#{])(?:\{\{ ?([\p{L}_][\p{L}\d_.]*) ?\}\}|\{([\p{L}_][\p{L}\d_]*)\})(?![{}])/gu;

/** What only code has, whose braces are no fields. */
const CODE =
  /```|^\s*(?:def|class|import|from|return|function|const|let|var|public|#include)\s|\bf["']/m;

/** A row's values by column. */
export function valuesOf(row: DatasetFullRow, state: DatasetState): Values {
  const { prompt, target, source } = state.chosen;
  const values: Record<string, string> = { ...row.others };
  for (const [column, value] of [
    [source, row.source],
    [target, row.target],
    [prompt, row.prompt]
  ] as const) {
    if (column !== null) {
      values[column] = value;
    }
  }
  return values;
}

/** The column that fills a field: chosen by hand, or of the field's name; null: none. */
export function columnOf(
  field: string,
  columns: readonly string[],
  chosen: Readonly<Record<string, string>> = {}
): string | null {
  if (Object.hasOwn(chosen, field)) {
    return columns.includes(chosen[field]) ? chosen[field] : null;
  }
  const plain = plainName(field);
  return (
    columns.find(column => column === field) ??
    columns.find(column => plainName(column) === plain) ??
    null
  );
}

/** The fields of a row's prompt, each to be filled in. */
export function fieldsIn(prompt: string): IField[] {
  const fields: IField[] = [];
  if (prompt.length <= MAX_PROMPT && !CODE.test(prompt)) {
    for (const match of prompt.matchAll(IN_PROMPT)) {
      const name = match[1] ?? match[2];
      fields.push({
        name,
        expression: name,
        value: [match.index, match.index + match[0].length]
      });
      if (fields.length === MAX_FIELDS) {
        break;
      }
    }
  }
  return fields;
}

/**
 * A template with a row's values, as the server fills it in; null where none of
 * its columns has one. A paragraph whose columns are all empty is left out.
 */
export function filled(
  template: string,
  columns: readonly string[],
  values: Values
): string | null {
  const known = new Set(columns);
  let hasValue = false;
  const kept = template.split('\n\n').filter(paragraph => {
    const used = [...paragraph.matchAll(IN_TEMPLATE)]
      .map(match => (match[1] ?? match[2]).trim())
      .filter(name => known.has(name));
    const isFull = used.some(name => (values[name] ?? '').trim() !== '');
    hasValue ||= isFull;
    return used.length === 0 || isFull;
  });
  return hasValue
    ? kept
        .map(paragraph =>
          paragraph.replace(IN_TEMPLATE, (all, twice, once) => {
            const name = String(twice ?? once).trim();
            return known.has(name) ? (values[name] ?? '') : all;
          })
        )
        .join('\n\n')
    : null;
}

/** A name without case, blanks and marks between words. */
function plainName(name: string): string {
  return name.replace(/[\s_-]+/g, '').toLowerCase();
}
