import { addedTurn, templateEnds } from '../salience';
import type { IText } from '../session/runText';
import { textOf } from '../session/runText';

/** The line on which a segment begins, from 1, in prompt and answer. */
export function lineOf(
  text: IText,
  [start, end]: readonly [number, number]
): number {
  const content = textOf(text.tokens, [start, end]);
  const lead = content.length - content.trimStart().length;
  const before = textOf(text.tokens, [0, start]) + content.slice(0, lead);
  const lines = before.split(/\r\n|[\n\r\u2028\u2029]/).length;
  // Each turn of a conversation begins a line, too.
  const turns = text.conversation.filter(({ span }) => span[0] <= start).length;
  const inPrompt = lines + Math.max(0, turns - 1);
  return start >= text.seam && beginsLine(text) ? inPrompt + 1 : inPrompt;
}

/** Whether the answer begins a line without a line break: as its own turn. */
function beginsLine({ tokens, seam }: IText): boolean {
  const [, behind] = templateEnds(tokens, seam);
  return (
    addedTurn(tokens, behind) !== null &&
    !/[\n\r\u2028\u2029]$/.test(textOf(tokens, [0, seam]))
  );
}
