/** Few-shot prompts: the label that begins each of their examples. */

/**
 * A label at the beginning of a line: optional marks of a heading, up to four
 * words, a colon, and a blank or nothing; after a full-width colon anything.
 */
const LABEL =
  /^((?:#{1,6} )?\p{L}[\p{L}\p{M}\p{N}_'’()/-]{0,30}(?: [\p{L}\p{M}\p{N}_'’()/-]{1,30}){0,3}(?::(?=[ \t]|$)|：))[ \t]*(.?)/u;

/** The longest beginning of a line that can be a label. */
const MAX_LABEL = 140;

/** A line that begins with a label. */
interface ILabelled {
  readonly label: string;
  /** Whether text follows the label in its line. */
  readonly isFilled: boolean;
  /** The beginning of the next line that isn't empty; null if there is none yet. */
  next: 'text' | 'indent' | null;
}

/**
 * The label that begins each example of a few-shot prompt which ends in the
 * middle of its last one, such as `Taste-likes:`; null for other prompts. A model
 * continues such a prompt with more examples unless something stops it.
 *
 * All complete examples must have the same labels in the same order, and the
 * last one the first of these, at least two. It ends with a label without text;
 * or, if there are two complete examples, in the line of a label that isn't the
 * last. Labels that occur once don't count: they belong to headings, or to the
 * text before the examples.
 *
 * Takes time in proportion to the prompt's length.
 */
export function exampleLabel(prompt: string): string | null {
  const found = labelled(prompt);
  if (found === null) {
    return null;
  }
  const counts = new Map<string, number>();
  for (const { label } of found) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const lines = found.filter(({ label }) => counts.get(label)! > 1);
  const last = lines[lines.length - 1];
  if (last === undefined || last !== found[found.length - 1]) {
    return null;
  }
  // Code and YAML have indented blocks, or nothing, where an example has text.
  if (
    lines.some(line => line !== last && !line.isFilled && line.next !== 'text')
  ) {
    return null;
  }
  const first = lines[0].label;
  const starts = lines.flatMap(({ label }, at) =>
    label === first ? [at] : []
  );
  const order = lines.slice(0, starts[1]).map(({ label }) => label);
  const isRegular = lines.every(
    ({ label }, at) => label === order[at % order.length]
  );
  // The last of these labels belong to the example that isn't complete.
  const rest = lines.length - starts[starts.length - 1];
  if (order.length < 2 || !isRegular || rest < 2) {
    return null;
  }
  const isBegun = !last.isFilled;
  const isMidway = starts.length > 2 && rest < order.length;
  return isBegun || isMidway ? first : null;
}

/** The lines that begin with a label; null if the prompt doesn't end in such a line. */
function labelled(prompt: string): ILabelled[] | null {
  const found: ILabelled[] = [];
  let endsInLabel = false;
  let begin = 0;
  while (begin < prompt.length) {
    const at = prompt.indexOf('\n', begin);
    const end = at < 0 ? prompt.length : at;
    const line = prompt.slice(begin, Math.min(end, begin + MAX_LABEL));
    begin = end + 1;
    if (line.trim() === '') {
      continue;
    }
    const match = LABEL.exec(line.replace(/\r$/, ''));
    endsInLabel = match !== null;
    if (match) {
      found.push({ label: match[1], isFilled: match[2] !== '', next: null });
    } else if (found.length > 0) {
      found[found.length - 1].next ??= /^\s/.test(line) ? 'indent' : 'text';
    }
  }
  return endsInLabel ? found : null;
}
