/** Notebooks for specs. */
// eslint-disable-next-line jupyter/prefer-lazy-imports -- for specs; the rule knows those of .spec.ts alone
import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { StringFinder } from '../strings/finder';
import type { INotebookText } from '../strings/finder';

/** A finder that knows Python alone. */
export function pythonFinder(): StringFinder {
  const languages = {
    getLanguage: async () => ({ support: { language: pythonLanguage } })
  };
  return new StringFinder({
    languages,
    unicodeNames: async () => new Map<string, string>(),
    trans: nullTranslator.load('lit_lab')
  } as unknown as StringFinder.IOptions);
}

/** A notebook of code cells. */
export function codeCells(
  sources: readonly string[],
  counts: readonly (number | null)[] = []
): INotebookText {
  return {
    language: 'python',
    cells: sources.map((source, at) => ({
      type: 'code',
      source,
      count: counts[at] ?? null
    }))
  };
}

/** The last text with fields of cell `index`, and what is suggested for them. */
export async function suggested(
  sources: readonly string[],
  index: number,
  counts: readonly (number | null)[] = []
) {
  const notebook = codeCells(sources, counts);
  const finder = pythonFinder();
  const found = await finder.find(notebook, index);
  const text = found.filter(({ fields }) => fields.length > 0).pop() ?? null;
  const suggestions =
    text === null ? {} : await finder.suggest(notebook, index, text);
  return { found, text, suggestions };
}

/** The values of the fields; those that aren't known left out. */
export async function valuesOf(
  sources: readonly string[],
  index: number,
  counts: readonly (number | null)[] = []
): Promise<Record<string, string>> {
  const { suggestions } = await suggested(sources, index, counts);
  return Object.fromEntries(
    Object.entries(suggestions).flatMap(([name, { value }]) =>
      value === null ? [] : [[name, value]]
    )
  );
}
