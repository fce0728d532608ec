import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Parser, Tree } from '@lezer/common';

import { plain } from '../../session/mapped';
import type { ISuggestion, TextKind } from '../../session/source';
import { readFacts } from './facts';
import type { IFacts, IFormatCall } from './facts';
import { readFormat, readPercent } from './format';
import { findConversations } from './conversations';
import { findOtherStrings } from './other';
import { findPythonStrings, MOST_PROBLEMS } from './python';
import { parsingWithMagics } from './magics';
import { inPieces, parsing } from './pieces';
import type { IPatience } from './pieces';
import { suggest } from './suggest';
import type { ICellFacts } from './suggest';
import type { IFindContext, IFoundText } from './types';

/** How long finding, or suggesting, reads sources that make no sense, in ms. */
const PATIENCE = 5_000;

/**
 * Longest line that is read in a language other than Python, in UTF-16 units:
 * line by line highlighters (R, Julia) read each at once, while the page waits.
 */
const LONGEST_LINE = 200_000;

/** Most cells whose facts are kept; a notebook's, with room for old versions. */
const MAX_CACHED = 2_000;

/** A cell, as far as finding strings needs it. */
export interface ICellText {
  readonly type: string;
  readonly source: string;
}

/** A notebook's text. */
export interface INotebookText {
  readonly cells: readonly ICellText[];
  /** Its kernel's language, such as `python`. */
  readonly language: string;
}

/**
 * Finds strings in a notebook's cells. No kernel and no editor is asked: the
 * sources are parsed with the language's own parser.
 */
export class StringFinder {
  constructor(options: StringFinder.IOptions) {
    this._languages = options.languages;
    this._unicodeNames = options.unicodeNames;
    this._trans = options.trans;
  }

  /**
   * All texts of a cell, in the order of its source; conversations come first.
   *
   * @param isWanted - whether anybody waits for them still: it is left else, and
   *   what comes of it has no meaning.
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
      // Nothing of it is found; still all of it can be analyzed, or a part.
      const problem = this._trans.__(
        'Finding the strings of this cell takes too long, so this is the whole cell. To analyze a part of it, select that part.'
      );
      return [{ ...whole('raw', source, 0, source.length), problem }];
    }
    if (!isPython(notebook.language)) {
      return findOtherStrings(source, parser, this._context(new Set()), tree);
    }
    return this._withNames(async context => {
      const found = [
        ...findConversations(source, context, tree),
        ...findPythonStrings(source, parser, context, tree)
      ];
      const named = found.some(
        ({ kind, variable }) => kind === 'string' && variable !== undefined
      );
      const templates = named
        ? await this._templates(notebook, parser, context, patience)
        : NO_TEMPLATES;
      return found.map(text => {
        const asked =
          text.kind === 'string' && text.variable !== undefined
            ? templates.get(text.variable)
            : undefined;
        return asked === undefined ? text : asTemplate(text, asked, context);
      });
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
    if (text.fields.length === 0 || parser === null) {
      return {};
    }
    const patience = { left: PATIENCE, isWanted };
    return this._withNames(async context => {
      const cells: ICellFacts[] = [];
      for (const [at, { type, source }] of notebook.cells.entries()) {
        const facts =
          type === 'code'
            ? await this._facts(source, parser, context, patience)
            : NO_FACTS;
        cells.push({ number: at + 1, facts });
      }
      const work = suggest(text, cells, index, parser, context);
      return (await inPieces(work, patience)) ?? {};
    });
  }

  /** The editor's parser of a language; null when it has none. */
  async parser(language: string): Promise<Parser | null> {
    const name = isPython(language) ? 'python' : language;
    const loaded = await this._languages.getLanguage(name);
    return loaded?.support?.language.parser ?? null;
  }

  /** The first `.format(…)` or `%` of each variable, by its name. */
  private async _templates(
    notebook: INotebookText,
    parser: Parser,
    context: IFindContext,
    patience: IPatience
  ): Promise<ReadonlyMap<string, ITemplateCall>> {
    const templates = new Map<string, ITemplateCall>();
    for (const [cell, { type, source }] of notebook.cells.entries()) {
      // Reading all cells' facts is dear; most notebooks hold no such call.
      if (type !== 'code' || !/\.\s*format|%/.test(source)) {
        continue;
      }
      const facts = await this._facts(source, parser, context, patience);
      for (const call of facts.formats) {
        if (!templates.has(call.name)) {
          templates.set(call.name, { cell, call });
        }
      }
    }
    return templates;
  }

  private async _facts(
    source: string,
    parser: Parser,
    context: IFindContext,
    patience: IPatience
  ): Promise<IFacts> {
    let facts = this._cache.get(source);
    if (facts === undefined) {
      const tree = await this._tree(source, parser, 'python', patience);
      if (tree === null) {
        return NO_FACTS;
      }
      facts = readFacts(source, parser, context, tree);
      if (this._cache.size >= MAX_CACHED) {
        this._cache.clear();
      }
      this._cache.set(source, facts);
    }
    return facts;
  }

  /** Parse a source; null when that takes too long, now or before. */
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
    // Where others took most of the time, it gets another try.
    if (tree === null && patience.left <= 0 && before > PATIENCE / 2) {
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
    this._cache.clear();
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
  private readonly _names = new Map<string, string | null>();
  private readonly _cache = new Map<string, IFacts>();
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

/** A call that fills a variable's string in, and the index of its cell. */
interface ITemplateCall {
  readonly cell: number;
  readonly call: IFormatCall;
}

const NO_TEMPLATES: ReadonlyMap<string, ITemplateCall> = new Map();

/** A string whose variable is filled in by `.format(…)` or `%` is a template. */
function asTemplate(
  text: IFoundText,
  { cell, call }: ITemplateCall,
  context: IFindContext
): IFoundText {
  const read = call.how === 'format' ? readFormat : readPercent;
  const { problems, ...template } = read(text, call.args, context);
  const found = [...(text.problem ? [text.problem] : []), ...problems];
  return {
    ...text,
    ...template,
    fields: template.fields.map(field => ({
      ...field,
      asked: { cell, at: call.at }
    })),
    kind: 'template',
    ...(found.length > 0
      ? { problem: found.slice(0, MOST_PROBLEMS).join(' ') }
      : {})
  };
}

const NO_FACTS: IFacts = {
  assignments: [],
  functions: [],
  calls: [],
  formats: []
};

function hasLongLine(source: string): boolean {
  let start = 0;
  while (source.length - start > LONGEST_LINE) {
    const end = source.lastIndexOf('\n', start + LONGEST_LINE);
    if (end < start) {
      return true;
    }
    start = end + 1;
  }
  return false;
}

function isPython(language: string): boolean {
  return /^(i?python\d*|pyodide)$/i.test(language);
}
