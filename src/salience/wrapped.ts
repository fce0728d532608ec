/**
 * Lines that were wrapped by hand, in the middle of a sentence.
 *
 * Nothing in a text says why a line ends. A line is taken for wrapped where the next
 * one shows it: it goes on with a small letter, or it begins with a word that
 * would not have fitted. Lists, labels, headings, tables, code and verse keep their
 * lines.
 */
import { isAbbreviation, isInitial } from './abbreviations';
import { UNSPACED } from './boundaries';
import { isCode } from './code';

/**
 * Whether sentences run across lines that were wrapped by hand: where the text
 * shows that they were, wherever that is possible, or never.
 */
export type LineJoining = 'auto' | 'on' | 'off';

/** All of them. */
export const LINE_JOININGS: readonly LineJoining[] = ['auto', 'on', 'off'];

/** Fewest columns of a line that was wrapped: shorter ones are verse, or a list's. */
const MIN_COLUMNS = 30;

/** The same for a line after whose last word something must follow. */
const MIN_OPEN_COLUMNS = 20;

/** Fewest columns of the widest line, where it is the width that shows the wrapping. */
const MIN_WIDTH = 40;

/** Where so many lines stand below each other, the widest has so many columns; else they are verse. */
const MIN_VERSE_LINES = 4;
const MIN_PROSE_WIDTH = 45;

/** How much of a line's beginning and end tells what it is, in UTF-16 units. */
const MAX_EDGE = 200;

/** Columns of a wide letter, and how many such a line may lack for its punctuation's sake. */
const WIDE = 2;

/** Breaks that end a line; others of Unicode's say more than that. */
const LINE_END = /(?:\r\n|\n|\r)$/;

const FENCE = /^\s*(?:```|~~~)/;

/** What begins an item of a list, a quotation, a heading, a row or a rule. */
const MARK =
  /^(?:[-*+•‣·◦▪–—►✓✔✗☐☑]\s|>|#{1,6}\s|\||<|\[[^\]]*\]|[-=*_~#]{3,}|\p{Extended_Pictographic}|"[^"]*"\s*:|[[{]\s*["'[{])/u;

/** The number or letter of an item. */
const NUMBER =
  /^(?:\(?\d{1,3}(?:\.\d{1,3})*|\(?[A-Za-z]|\(?[ivxlc]{1,5})[.)](?=\s|$)|^\((?:\d{1,3}|[A-Za-z]|[ivxlc]{1,5})\)|^\d{1,2}[、．]/;

/** `Taste-likes: …`, `**Answer**: …`, `分析：…`. */
const LABEL = /^([^.!?。！？]{1,60}?)(?::(?=[\s*_]|$)|：)/u;

/** Between a question and its answer, or in a table: each line stands for itself. */
const ARROW = /\s(?:[-=]{1,2}>|→|⇒|\/\/|\|)\s|\t/;

const STOP = /[.!?…‽؟۔।॥։።。！？｡．]["'”’»›)\]}」』）】》〉*_~]*$/;

/** After these nothing continues. */
const CLOSED = /(?:[:：;；\\|}]|\},|<br\s*\/?>)["'”’»)*_\]`]*$/i;

/** A statement that is a call. */
const CALL = /^[\w.]+\(.*\)$/;

const COMMA = /[,，、،]$/;

/** What may precede a sentence's first letter. */
const OPENERS = /^["'“‘«‹([{¿¡*_`「『（【《〈]+/;

/** Words after which something follows. */
const OPEN_WORDS = new Set(
  (
    'a an the of to in on at by for from with without into about between as and or but nor than that which who whose whom where when while if ' +
    'because is are was were be been has have had will would can could should must may might not your their our his her its my this these those each every any some no ' +
    'der die das den dem des ein eine einen einem einer und oder aber von zu mit für im am bei nach dass ' +
    'le la les un une des du de et ou à en pour par sur avec dans que qui ' +
    'el los las una y o del al con por para il lo gli e di da che o os em com'
  ).split(' ')
);

/** A line of prose, as far as wrapping goes. */
interface ILine {
  /** Without blanks at its ends. */
  readonly text: string;
  readonly indent: string;
  readonly columns: number;
  /** Whether it begins with an item's sign or a label. */
  readonly isItem: boolean;
  /** Whether something must follow its last word. */
  readonly isOpen: boolean;
  /** Whether a full stop ends it. */
  readonly isStopped: boolean;
  /** Whether what ends it, such as a colon, lets nothing continue. */
  readonly isClosed: boolean;
  /** What its first letter is. */
  readonly begins: 'small' | 'capital' | 'caseless' | 'other';
}

/**
 * Which lines of a text the next line continues.
 *
 * @param lines - with their line breaks.
 */
export function continuedLines(
  lines: readonly string[],
  joining: LineJoining
): boolean[] {
  const continued = lines.map(() => false);
  if (joining === 'off') {
    return continued;
  }
  const blocks = blocksOf(lines);
  const prose = blocks.flat();
  const isVerse =
    prose.length >= MIN_VERSE_LINES &&
    prose.every(({ line }) => line.columns < MIN_PROSE_WIDTH);
  if (!isVerse) {
    for (const block of blocks) {
      const joins = joinsOf(
        block.map(({ line }) => line),
        joining
      );
      joins.forEach((join, i) => {
        continued[block[i].index] = join;
      });
    }
  }
  return continued;
}

/** A line, and its index in the text. */
interface IPlaced {
  readonly line: ILine;
  readonly index: number;
}

/** Neighbouring lines of prose, none of which begins anything new; at least two. */
function blocksOf(lines: readonly string[]): IPlaced[][] {
  const blocks: IPlaced[][] = [];
  let block: IPlaced[] = [];
  let isFenced = false;
  const end = () => {
    if (block.length > 1) {
      blocks.push(block);
    }
    block = [];
  };
  lines.forEach((whole, index) => {
    const isFence = FENCE.test(whole);
    const line = isFence || isFenced ? null : proseOf(whole);
    isFenced = isFence ? !isFenced : isFenced;
    if (line === null || !follows(line, block)) {
      end();
    }
    if (line !== null) {
      block.push({ line, index });
      if (line.isClosed || !LINE_END.test(whole)) {
        end();
      }
    }
  });
  end();
  return blocks;
}

/** Whether a line may continue a block. */
function follows(line: ILine, block: readonly IPlaced[]): boolean {
  const last = block[block.length - 1];
  if (last === undefined || line.isItem) {
    return false;
  }
  // A literal's first line is often less indented than the others, and an
  // answer's begins with the blank behind the prompt; an item's has its sign.
  return (
    last.index === 0 ||
    line.indent === last.line.indent ||
    (last.line.isItem && line.indent.startsWith(last.line.indent))
  );
}

/** A line of prose; null: it is none. */
function proseOf(whole: string): ILine | null {
  const ended = whole.replace(LINE_END, '');
  const text = ended.trim();
  if (text === '' || isCode(text) || CALL.test(text) || ARROW.test(text)) {
    return null;
  }
  const head = text.slice(0, MAX_EDGE);
  if (/^(?:#{1,6}\s|\||[-=*_~#]{3,}$)/.test(head) || /^<[^<>]*>$/.test(text)) {
    return null;
  }
  const tail = text.slice(-MAX_EDGE);
  // Two blanks are a line break of markdown's.
  const isBroken = / {2}$/.test(ended.slice(-MAX_EDGE));
  return {
    text,
    indent: ended.slice(0, ended.length - ended.trimStart().length),
    columns: columnsOf(text),
    isItem: MARK.test(head) || NUMBER.test(head) || isLabelled(head),
    isOpen: OPEN_WORDS.has(/[\p{L}]+$/u.exec(tail)?.[0].toLowerCase() ?? ''),
    isStopped: isStopped(tail),
    isClosed: isBroken || CLOSED.test(tail),
    begins: beginningOf(head)
  };
}

/**
 * Whether a line begins with a label: a few words before a colon. In mid-sentence
 * small letters precede one as well: then it is a word or two.
 */
function isLabelled(head: string): boolean {
  const label = LABEL.exec(head)?.[1];
  if (label === undefined) {
    return false;
  }
  if (/^[\w*]+\s*\([^()]*\)$/.test(label)) {
    return true; // a parameter and its type
  }
  const words = label.split(/\s+/).length;
  return UNSPACED.test(label)
    ? label.length <= 10
    : words <= (beginningOf(label) === 'small' ? 2 : 5);
}

/** Whether a full stop ends a line, and no abbreviation after which something follows. */
function isStopped(tail: string): boolean {
  if (!STOP.test(tail)) {
    return false;
  }
  const word = /(?:^|[\s(“"'])([\p{L}.]*\p{L})\.$/u.exec(tail)?.[1];
  return !(word && (isAbbreviation(word, 'inner') || isInitial(word)));
}

function beginningOf(head: string): ILine['begins'] {
  const first = head.replace(OPENERS, '');
  return /^\p{Ll}/u.test(first)
    ? 'small'
    : /^[\p{Lu}\p{Lt}]/u.test(first)
      ? 'capital'
      : /^[\p{Lo}\p{Lm}]/u.test(first)
        ? 'caseless'
        : 'other';
}

/** How wide a line is, in columns of a font of fixed width. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const letter of text) {
    columns += isWide(letter) ? WIDE : /\p{M}/u.test(letter) ? 0 : 1;
  }
  return columns;
}

function isWide(letter: string): boolean {
  return /[\u1100-\u115f\u2e80-\u303e\u3041-\uffdc\u{20000}-\u{3fffd}]/u.test(
    letter
  );
}

/** Which lines of a block the next line continues. */
function joinsOf(block: readonly ILine[], joining: LineJoining): boolean[] {
  const before = block.slice(0, -1);
  const after = block.slice(1);
  const none = block.map(() => false);
  // Verse, or a list without signs: prose seldom wraps before capitals alone.
  if (block.length > 2 && after.every(({ begins }) => begins === 'capital')) {
    return none;
  }
  const width = block.reduce((most, { columns }) => Math.max(most, columns), 0);
  // Where sentences begin with small letters, those show nothing.
  const isSmall = block[0].begins === 'small' && !block[0].isItem;
  const shown = before.map((line, i) => isShown(line, after[i], isSmall));
  const filled = before.map((line, i) => isFilled(line, after[i], width));
  const unstopped = before.filter(({ isStopped }) => !isStopped).length;
  const isWrapped =
    unstopped * 2 >= before.length &&
    (shown.includes(true) || filled.filter(Boolean).length > 1);
  if (joining === 'auto' && !isWrapped) {
    return none;
  }
  return block.map(
    (line, i) =>
      i < before.length &&
      !line.isStopped &&
      (shown[i] ||
        filled[i] ||
        (joining === 'on' && line.columns >= MIN_COLUMNS))
  );
}

/** Whether the words where a line ends and the next begins show that it was wrapped. */
function isShown(line: ILine, next: ILine, isSmall: boolean): boolean {
  if (line.isStopped) {
    return false;
  }
  const { columns, isOpen, text } = line;
  return (
    (isOpen && columns >= MIN_OPEN_COLUMNS) ||
    (columns >= MIN_COLUMNS &&
      ((next.begins === 'small' && !isSmall) ||
        (next.begins === 'caseless' && COMMA.test(text)) ||
        (line.isItem && next.indent.length > line.indent.length)))
  );
}

/** Whether the next line's first word would not have fitted into a line. */
function isFilled(line: ILine, next: ILine, width: number): boolean {
  const { text } = next;
  const [first = ''] = text;
  const word = UNSPACED.test(first)
    ? WIDE + WIDE
    : 1 + columnsOf(/^\S*/.exec(text.slice(0, MAX_EDGE))![0]);
  return width >= MIN_WIDTH && line.columns + word > width;
}
