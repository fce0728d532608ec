/** Says what the fields of notebooks on standard input are; see `bundle.mjs`. */
import { createInterface } from 'readline';

import { parser } from '@lezer/python';

import { parseWithMagics } from '../../src/notebook/strings/magics';
import { atOnce } from '../../src/notebook/strings/pieces';
import { runNotebook } from '../../src/notebook/values/run';
import { stringOf } from '../../src/notebook/values/value';

interface INotebook {
  readonly cells: readonly string[];
}

createInterface({ input: process.stdin }).on('line', line => {
  const { cells } = JSON.parse(line) as INotebook;
  const begun = process.cpuUsage();
  const read = cells.map(source => ({
    source,
    count: null,
    tree: parseWithMagics(source, parser)
  }));
  const parsed = process.cpuUsage(begun);
  const run = atOnce(runNotebook(read, () => null));
  const { user, system } = process.cpuUsage(begun);
  const seen = Object.fromEntries(
    Array.from(run.seen, ([key, { options, why, each }]) => [
      key,
      {
        values: options.map(({ value }) => stringOf(value)),
        why,
        each
      }
    ])
  );
  const ms = (user + system - parsed.user - parsed.system) / 1000;
  process.stdout.write(`${JSON.stringify({ seen, ms })}\n`);
});
