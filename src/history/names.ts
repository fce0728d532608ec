/** What the list calls runs, so that those that begin alike can be distinguished. */
import type { RunInfo } from '../api';

/** How the list shows a run. */
export interface IRunName {
  /** Its title, or what its answer has and others don't. */
  readonly name: string;
  /** What its prompt has and those of other runs with the same answer don't; else empty. */
  readonly prompt: string;
}

/** Texts that have this many characters in common look alike in a narrow list. */
const ALIKE = 24;

/** The most characters of the beginning that is shown before what differs. */
const START = 8;

/** The most characters between the beginning of a word and the place in it where texts differ. */
const WORD = 24;

/** The least that is shown of a text that is the beginning of another. */
const TAIL = 12;

/** The most characters of a name. */
const MAX_NAME = 160;

/** Names of the runs of a list, by id. */
export function namesOf(
  runs: readonly RunInfo[]
): ReadonlyMap<string, IRunName> {
  const untitled = runs.filter(run => run.title === '');
  const answers = new Map(untitled.map(run => [run.id, answerOf(run)]));
  const shown = distinct([...answers.values()]);
  const names = new Map<string, IRunName>(
    runs.map(({ id, title }) => [
      id,
      { name: title || shown.get(answers.get(id)!)!, prompt: '' }
    ])
  );
  for (const alike of sameAnswer(untitled, answers)) {
    const prompts = distinct(alike.map(promptOf));
    if (prompts.size > 1) {
      for (const run of alike) {
        const prompt = prompts.get(promptOf(run))!;
        names.set(run.id, { ...names.get(run.id)!, prompt });
      }
    }
  }
  return names;
}

/** Runs in groups with the same answer. */
function sameAnswer(
  runs: readonly RunInfo[],
  answers: ReadonlyMap<string, string>
): readonly (readonly RunInfo[])[] {
  const groups = new Map<string, RunInfo[]>();
  for (const run of runs) {
    const answer = answers.get(run.id)!;
    groups.set(answer, [...(groups.get(answer) ?? []), run]);
  }
  return [...groups.values()].filter(group => group.length > 1);
}

function answerOf(run: RunInfo): string {
  return ends(run.answer, run.answer_end) || promptOf(run);
}

function promptOf(run: RunInfo): string {
  return ends(run.prompt, run.prompt_end);
}

/** The beginning of a text and, where that isn't all of it, its end, on one line. */
function ends(beginning: string, end: string): string {
  const parts = end === '' ? [beginning] : [beginning, '…', end];
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}

/** How each of these texts is shown. */
function distinct(texts: readonly string[]): ReadonlyMap<string, string> {
  // Sorted, a text has most in common with one of its neighbours.
  const sorted = [...new Set(texts)].sort();
  const common = sorted.map((text, i) =>
    i === 0 ? 0 : alikeUntil(sorted[i - 1], text)
  );
  return new Map(
    sorted.map((text, i) => {
      const shown = excerpt(text, Math.max(common[i], common[i + 1] ?? 0));
      return [text, shown.slice(0, whole(shown, MAX_NAME))];
    })
  );
}

/** How many characters two texts begin with alike. */
function alikeUntil(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one[at] === other[at]) {
    at++;
  }
  return at;
}

/** A text without most of what it has in common with another. */
function excerpt(text: string, common: number): string {
  if (common < ALIKE) {
    return text;
  }
  const start = cutAfter(text, START);
  const from = wordAt(text, Math.min(common, text.length - TAIL));
  return from <= start ? text : `${text.slice(0, start)} … ${text.slice(from)}`;
}

/** Where the last word ends that is complete within a length; the length if there is none. */
function cutAfter(text: string, length: number): number {
  const blank = text.lastIndexOf(' ', length);
  return blank > 0 ? blank : whole(text, length);
}

/** Where the word at a place begins; the place itself, if there is no blank near it. */
function wordAt(text: string, at: number): number {
  const begin = text.lastIndexOf(' ', Math.max(0, at - 1)) + 1;
  return begin > 0 && at - begin <= WORD ? begin : whole(text, at);
}

/** A place that isn't in the middle of a character. */
function whole(text: string, at: number): number {
  return /[\uDC00-\uDFFF]/.test(text[at] ?? '') ? at - 1 : at;
}
