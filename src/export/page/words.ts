import type { TranslationBundle } from '@jupyterlab/translation';

/** The interface's words, for pages without JupyterLab to translate them. */
export const WORDS: TranslationBundle = {
  __: fill,
  _n: count,
  _p: (context, text, ...args) => fill(text, ...args),
  _np: (context, one, many, n, ...args) => count(one, many, n, ...args),
  gettext: fill,
  ngettext: count,
  pgettext: (context, text, ...args) => fill(text, ...args),
  npgettext: (context, one, many, n, ...args) => count(one, many, n, ...args),
  dcnpgettext: (domain, context, one, many, n, ...args) =>
    count(one, many, n, ...args)
};

/** Put values in the places `%1`, `%2` …; as in gettext, with `n` as the first. */
function count(
  one: string,
  many: string,
  n: number,
  ...args: unknown[]
): string {
  return fill(n === 1 ? one : many, n, ...args);
}

function fill(text: string, ...args: unknown[]): string {
  return text.replace(/%(\d+)/g, (_, place) => String(args[Number(place) - 1]));
}
