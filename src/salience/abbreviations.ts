/**
 * Abbreviations with a full stop, in lower case and without it.
 */

/** They never end a sentence: something always follows them. */
const INNER = words(
  'mr mrs ms mx dr prof rev hon fr sen rep gov gen col maj capt cmdr lt sgt cpl st mt ft',
  'vs v cf e.g eg i.e ie viz approx ca resp incl excl esp al dept est dist univ assn',
  'mme mlle m.me z.b d.h u.a bzw vgl s.o p.s n.b'
);

/** They may end a sentence; the next word decides. */
const ENDING = words(
  'inc ltd co corp llc bros plc gmbh jr sr esq',
  'etc ave blvd rd hwy apt bldg min max avg temp',
  'a.m p.m am pm b.c a.d c.e b.c.e ph.d m.d b.a m.a b.sc m.sc'
);

/** They precede a number; before anything else they end a sentence. */
const NUMBERED = words(
  'no nos fig figs eq eqs sec secs ch chap vol vols art p pp para ref refs ex',
  'jan feb mar apr jun jul aug sep sept oct nov dec tel ver'
);

/** Words that often begin a sentence and seldom follow an abbreviation. */
const OPENERS = words(
  'the a an this that these those there then it its he she they we you i his her their our my your',
  'but and or so if in on at as for from with by to when while what why how who where which',
  'is are was were do does did has have had can could will would should may might must',
  'however therefore moreover although because after before since now here also not no yes please let'
);

/**
 * Whether a word is an abbreviation.
 *
 * @param word - without its last full stop.
 * @param where - `inner`: one that never ends a sentence; `ending`: one that
 *   may.
 */
export function isAbbreviation(
  word: string,
  where: 'inner' | 'ending'
): boolean {
  const lower = word.toLowerCase();
  if (where === 'inner') {
    return INNER.has(lower);
  }
  // Single letters with full stops between them: U.S, e.g; but not those of
  // INNER.
  return (
    ENDING.has(lower) ||
    (/^\p{L}(?:\.\p{L})+$/u.test(word) && !INNER.has(lower))
  );
}

/** Whether a word is an initial, such as the J of `J. Smith`. */
export function isInitial(word: string): boolean {
  return /^\p{Lu}$/u.test(word);
}

/** Whether a word is an abbreviation that precedes a number. */
export function takesNumber(word: string): boolean {
  return NUMBERED.has(word.toLowerCase());
}

/** Whether a text begins as a new sentence often does. */
export function opensSentence(text: string): boolean {
  const word = /^["'“‘«([*_]*(\p{L}[\p{L}'’]*)/u.exec(text);
  return (
    word !== null &&
    /^\p{Lu}/u.test(word[1]) &&
    OPENERS.has(word[1].toLowerCase())
  );
}

function words(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.join(' ').split(' '));
}
