/** Applies edits of prompts to cells on standard input; see `bundle.mjs`. */
/* global process */
import { createInterface } from 'readline';

import { parser } from '@lezer/python';

import { planEdits } from '../../src/notebook/apply/apply.ts';
import { edited } from '../../src/notebook/apply/spell.ts';
import { stringOrigin } from '../../src/notebook/origin.ts';
import { StringFinder } from '../../src/notebook/strings/finder.ts';
import { fill } from '../../src/session/template.ts';

const trans = { __: (text, ...values) => [text, ...values].join(' | ') };
const finder = new StringFinder({
  languages: {
    getLanguage: async () => ({ support: { language: { parser } } })
  },
  unicodeNames: async () => new Map(),
  trans
});

async function answer({ source, values, prompt }) {
  const cells = [{ type: 'code', source, count: null }];
  const notebook = { language: 'python', cells };
  const found = await finder.find(notebook, 0);
  if (found.length === 0) {
    return { reason: 'nothing is found' };
  }
  const [text] = found;
  const place = { notebook, index: 0, origin: stringOrigin(found, 0), text };
  const wanted = { values, prompt, turns: null };
  const plan = await planEdits(place, wanted, {}, { finder, trans });
  const filled = fill(text, values).value;
  const { problem } = text;
  return 'reason' in plan
    ? { filled, problem, reason: plan.reason }
    : { filled, problem, source: edited(source, plan.edits) };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
