import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Parser, Tree } from '@lezer/common';

import { plain } from '../../session/mapped';
import type { ISuggestion, Span, TextKind } from '../../session/source';
import { runNotebook } from '../values/run';
import type { ICell, IRun } from '../values/run';
import { suggest } from '../values/suggest';
import { mayCompose } from './composed';
import { findingConversations } from './conversations';
import { offering } from './offering';
import { inLanguage } from './julia';
import { findOtherStrings } from './other';
import { findingStrings, literalSpans } from './python';
import { parsingWithMagics } from './magics';
import { parsing } from './parsing';
import { CLOCK, inPieces } from './pieces';
import type { IPatience } from './pieces';
import type { IFindContext, IFoundText } from './types';

/**
 * Limit on the time that `find` and `suggest` spend on parsing and evaluating,
 * in ms. Sources with many errors take long.
 */
const PATIENCE = 5_000;

/**
 * Longest line that is read in a language other than Python, in UTF-16 units:
 * line by line highlighters (R, Julia) read each at once, while the page waits.
 */
const MAX_LINE = 200_000;

/** Matches code that may fill texts in, or make templates. */
const FILLING =
  /\.\s*(format|replace)|%|Template|from_string|PromptBuilder|\bPrompt\b/;

/**
 * Limit on the cells whose trees are cached: those of a notebook, with room for
 * old versions.
 */
const MAX_CACHED = 2_000;

/** A cell, as far as finding strings needs it. */
export interface ICellText {
  readonly type: string;
  readonly source: string;
  /** Its execution count; absent or null where it has none. */
  readonly count?: number | null;
}

/** A notebook's text. */
export interface INotebookText {
  readonly cells: readonly ICellText[];
  /** Its kernel's language, such as `python`. */
  readonly language: string;
}

/**
 * Finds strings in a notebook's cells. It parses their sources with the
 * language's own parser, and needs no kernel and no editor.
 */
export class StringFinder {
  constructor(options: StringFinder.IOptions) {
    this._languages = options.languages;
    this._unicodeNames = options.unicodeNames;
    this._trans = options.trans;
    this._clock = options.clock ?? null;
  }

  /**
   * All texts of a cell, in the order of its source; conversations come first.
   *
   * @param isWanted - whether the result is still needed. If not, the work
   *   stops, and the result is meaningless.
   */
  async find(
    notebook: INotebookText,
    index: number,
    isWanted = () => true
  ): Promise<IFoundText[]> {
    const { type, source } = notebook.cells[index];
    if (type !== 'code') {
      const kind: TextKind = type === 'markdown' ? 'markdown' : 'raw';
      return [whole(kind, source, 0, source.length)];
    }
    const parser = await this.parser(notebook.language);
    if (parser === null) {
      return [];
    }
    const patience = { left: PATIENCE, isWanted };
    const tree = await this._tree(source, parser, notebook.language, patience);
    if (tree === null) {
      return this._unread(source);
    }
    if (!isPython(notebook.language)) {
      const context = this._context(new Set());
      const found = findOtherStrings(source, parser, context, tree);
      return inLanguage(notebook.language, found, source, context);
    }
    return this._withNames(async context => {
      const strings = await inPieces(
        findingStrings(source, context, tree),
        patience,
        CLOCK,
        1
      );
      const conversations = await inPieces(
        findingConversations(source, context, tree),
        patience,
        CLOCK,
        1
      );
      if (strings === null || conversations === null) {
        return this._unread(source);
      }
      const found = [...conversations, ...strings];
      // Evaluating all cells takes long, and most notebooks have no such call.
      const mayFill = notebook.cells.some(({ source: other }) =>
        FILLING.test(other)
      );
      const isPlain = found.some(({ kind }) =>
        /^(string|f-string|conv)/.test(kind)
      );
      const run =
        (mayFill && isPlain) || mayCompose(source, strings)
          ? await this._run(notebook, parser, context, patience)
          : null;
      if (run === null) {
        return found;
      }
      const offer = offering(source, context, tree, run, index, strings);
      return (await inPieces(offer, patience, CLOCK, 1)) ?? found;
    });
  }

  /** Values for the fields of a text of cell `index`; `isWanted` as above. */
  async suggest(
    notebook: INotebookText,
    index: number,
    text: IFoundText,
    isWanted = () => true
  ): Promise<Record<string, ISuggestion>> {
    const parser = await this.parser(notebook.language);
    if (
      text.fields.length === 0 ||
      parser === null ||
      !isPython(notebook.language)
    ) {
      return {};
    }
    const patience = { left: PATIENCE, isWanted };
    return this._withNames(async context => {
      const run = await this._run(notebook, parser, context, patience);
      const sources = notebook.cells.map(({ source }) => source);
      const work =
        run && suggest(text, run, sources, index, parser, this._trans);
      return (work && (await inPieces(work, patience, CLOCK, 1))) ?? {};
    });
  }

  /**
   * The trees of a notebook's cells; null for those that hold no code, or take too
   * long to read, and where the language is another than Python.
   */
  async trees(
    notebook: INotebookText,
    isWanted = () => true
  ): Promise<(Tree | null)[]> {
    const parser = isPython(notebook.language)
      ? await this.parser(notebook.language)
      : null;
    const patience = { left: PATIENCE, isWanted };
    const trees: (Tree | null)[] = [];
    for (const { type, source } of notebook.cells) {
      trees.push(
        type === 'code' && parser !== null
          ? await this._codeTree(source, parser, patience)
          : null
      );
    }
    return trees;
  }

  /** The literals of a Python source, as spans, and what reading them needs; null as `parser`. */
  async literals(
    source: string
  ): Promise<{ spans: readonly Span[]; context: IFindContext } | null> {
    const parser = await this.parser('python');
    const patience = { left: PATIENCE };
    const tree = parser && (await this._codeTree(source, parser, patience));
    return (
      tree && { spans: literalSpans(tree), context: this._context(new Set()) }
    );
  }

  /** The editor's parser of a language; null when it has none. */
  async parser(language: string): Promise<Parser | null> {
    const name = isPython(language) ? 'python' : language;
    const loaded = await this._languages.getLanguage(name);
    return loaded?.support?.language.parser ?? null;
  }

  /** The whole cell as one text, which can be analyzed, or a part of it. */
  private _unread(source: string): IFoundText[] {
    const problem = this._trans.__(
      'Finding the strings of this cell takes too long, so this is the whole cell. To analyze a part of it, select that part.'
    );
    return [{ ...whole('raw', source, 0, source.length), problem }];
  }

  /** Evaluate a notebook's cells; null if that takes too long. */
  private async _run(
    notebook: INotebookText,
    parser: Parser,
    context: IFindContext,
    patience: IPatience
  ): Promise<IRun | null> {
    const cells: ICell[] = [];
    for (const { type, source, count = null } of notebook.cells) {
      cells.push(
        type === 'code'
          ? {
              source,
              count,
              tree: await this._codeTree(source, parser, patience)
            }
          : { source: '', count: null, tree: null }
      );
    }
    const last = this._last;
    const isSame =
      last !== null &&
      last.cells.length === cells.length &&
      last.cells.every(
        ({ source, count, tree }, at) =>
          source === cells[at].source &&
          count === cells[at].count &&
          tree === cells[at].tree
      );
    if (isSame) {
      return last.run;
    }
    const run = await inPieces(
      runNotebook(cells, context.lookup, this._clock),
      patience,
      CLOCK,
      1 // A statement may take as long as a whole cell.
    );
    this._last = run && { cells, run };
    return run;
  }

  /** The tree of a cell's source, from the cache if it is there. */
  private async _codeTree(
    source: string,
    parser: Parser,
    patience: IPatience
  ): Promise<Tree | null> {
    let tree = this._cache.get(source) ?? null;
    if (tree === null) {
      tree = await this._tree(source, parser, 'python', patience);
      if (this._cache.size >= MAX_CACHED) {
        this._cache.clear();
      }
      if (tree !== null) {
        this._cache.set(source, tree);
      }
    }
    return tree;
  }

  /** Parse a source; null if that takes too long, or did before. */
  private async _tree(
    source: string,
    parser: Parser,
    language: string,
    patience: IPatience
  ): Promise<Tree | null> {
    if (
      patience.left <= 0 ||
      patience.isWanted?.() === false ||
      this._givenUp.has(source) ||
      (!isPython(language) && hasLongLine(source))
    ) {
      return null;
    }
    const work = isPython(language)
      ? parsingWithMagics(source, parser)
      : parsing(parser, source);
    const before = patience.left;
    const tree = await inPieces(work, patience);
    // If other cells took most of the time, it is tried again.
    const isWanted = patience.isWanted?.() !== false;
    if (tree === null && isWanted && before > PATIENCE / 2) {
      this._givenUp.add(source);
    }
    return tree;
  }

  /** Run `find`, and once more when Unicode names had to be looked up. */
  private async _withNames<T>(
    find: (context: IFindContext) => Promise<T>
  ): Promise<T> {
    const missing = new Set<string>();
    const first = await find(this._context(missing));
    if (missing.size === 0) {
      return first;
    }
    // What was read without them is read again, even if they stay unknown.
    this._last = null;
    try {
      const names = [...missing];
      const known = await this._unicodeNames(names);
      for (const name of names) {
        this._names.set(name, known.get(name) ?? null);
      }
    } catch (error) {
      // The text says that the names couldn't be looked up; the next look at
      // the cell tries again.
      console.warn('lit-lab: Unicode names could not be looked up', error);
      return first;
    }
    return find(this._context(new Set()));
  }

  private _context(missing: Set<string>): IFindContext {
    return {
      trans: this._trans,
      lookup: name => {
        const characters = this._names.get(name);
        if (characters === undefined) {
          missing.add(name);
        }
        return characters;
      }
    };
  }

  private readonly _languages: IEditorLanguageRegistry;
  private readonly _unicodeNames: StringFinder.IOptions['unicodeNames'];
  private readonly _trans: TranslationBundle;
  private readonly _clock: (() => number) | null;
  private readonly _names = new Map<string, string | null>();
  private readonly _cache = new Map<string, Tree>();
  /** The notebook that was evaluated last. */
  private _last: {
    readonly cells: readonly ICell[];
    readonly run: IRun;
  } | null = null;
  /** Sources that take too long. */
  private readonly _givenUp = new Set<string>();
}

/** A namespace for `StringFinder`'s types. */
export namespace StringFinder {
  /** What a finder needs. */
  export interface IOptions {
    /** The editor's languages, for their parsers. */
    readonly languages: IEditorLanguageRegistry;
    /** Characters by the names in `\N{…}`; unknown names are left out. */
    readonly unicodeNames: (
      names: readonly string[]
    ) => Promise<ReadonlyMap<string, string>>;
    readonly trans: TranslationBundle;
    /**
     * The time in ms, which limits the evaluation of each cell. Without it,
     * only counts do.
     */
    readonly clock?: () => number;
  }
}

/** A text that stands in its source as it is, such as a selection. */
export function whole(
  kind: TextKind,
  source: string,
  from: number,
  to: number
): IFoundText {
  const text = plain(source.slice(from, to), from);
  return { kind, ...text, fields: [], span: [from, to] };
}

function hasLongLine(source: string): boolean {
  let start = 0;
  while (source.length - start > MAX_LINE) {
    const end = source.lastIndexOf('\n', start + MAX_LINE);
    if (end < start) {
      return true;
    }
    start = end + 1;
  }
  return false;
}

/** Whether a notebook's language is Python. */
export function isPython(language: string): boolean {
  return /^(i?python\d*|pyodide)$/i.test(language);
}
