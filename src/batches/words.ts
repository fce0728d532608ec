/** Words for batches and figures. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { BatchInfo } from '../api';

/** A batch's state in a word. */
export function describeState(
  state: BatchInfo['state'],
  trans: TranslationBundle
): string {
  return {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    stopped: trans.__('stopped'),
    done: trans.__('done'),
    failed: trans.__('failed')
  }[state];
}

/** What makes a batch's prompts, on one line. */
export function describePrompts(
  { template, prompt }: Pick<BatchInfo, 'template' | 'prompt'>,
  trans: TranslationBundle
): string {
  return template === ''
    ? prompt === ''
      ? trans.__('the dataset’s prompts')
      : trans.__('column “%1”', prompt)
    : oneLine(template);
}

/** What tells a batch from the one that it is compared with. */
export function describeSide(
  batch: BatchInfo,
  other: BatchInfo,
  trans: TranslationBundle
): string {
  return batch.model !== other.model
    ? batch.model
    : describePrompts(batch, trans);
}

/** The fewest characters at the beginning of all prompts that are left out. */
const MIN_SHARED = 12;

/**
 * Beginnings of prompts, without the words with which all of them begin: a template's
 * would fill the whole column.
 */
export function withoutShared(prompts: readonly string[]): string[] {
  const lines = prompts.map(oneLine);
  const [first = ''] = lines;
  let shared = first.length;
  for (const line of lines) {
    let at = 0;
    while (at < shared && line[at] === first[at]) {
      at++;
    }
    shared = at;
  }
  const cut = first.lastIndexOf(' ', shared - 1) + 1;
  return lines.length < 2 || cut < MIN_SHARED
    ? lines
    : lines.map(line => `… ${line.slice(cut)}`);
}

/** A text on one line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** A figure with its sign, and a minus that is as wide as a plus. */
export function signed(value: number): string {
  return Math.abs(value) < 0.0005
    ? '0.000'
    : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

/** A time in seconds, in words that are as exact as it matters. */
export function describeTime(
  seconds: number,
  trans: TranslationBundle
): string {
  if (seconds < 10) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  if (seconds < 90) {
    return trans.__('%1 s', Math.round(seconds));
  }
  if (seconds < 5400) {
    return trans.__('%1 min', Math.round(seconds / 60));
  }
  return trans.__('%1 h', (seconds / 3600).toFixed(1));
}

/** A percentage without decimals, which is 100% only if all are meant. */
export function rate(part: number, of: number): string {
  const percent = of === 0 ? 0 : (100 * part) / of;
  const whole =
    percent > 99 && part < of ? 99 : percent < 1 && part > 0 ? 1 : percent;
  return `${Math.round(whole)}%`;
}

/** A row's number, as the dataset browser counts: from 1. */
export function numberOf(row: number): string {
  return (row + 1).toLocaleString();
}
