/** Lines of code in a text. */

/** Lines of a console and of a shell. */
const CONSOLE = /^\s*(?:>>> |\.\.\. |[$#%!] ?\w+ .*--?\w)/;

/** How a statement begins. */
const KEYWORD =
  /^\s*(?:def|class|import|from|return|if|elif|else|for|while|with|try|except|const|let|var|function|public|private|SELECT)\b/;

/** Signs at a statement's end, or in its last word. */
const CODE_SIGN = /[:;(){}=]/;

const ASSIGNMENT = /^[^.!?]*[\w\])] ?(?:=|\+=|:=|=>) ?\S/;

/** What ends a line for the dot of a regular expression. */
const TERMINATOR = /[\n\r\u2028\u2029]/;

/** Whether a line is code, which isn't split at full stops. */
export function isCode(line: string): boolean {
  return (
    CONSOLE.test(line) ||
    isStatement(line) ||
    (!TERMINATOR.test(line) && ASSIGNMENT.test(line)) ||
    endsInCode(line)
  );
}

/**
 * Whether a line begins with a keyword and has a sign of code in its last word,
 * or right before that.
 *
 * Searched from the line's end: a pattern for the whole line would try each
 * sign of a long row of them.
 */
function isStatement(line: string): boolean {
  const keyword = KEYWORD.exec(line);
  if (keyword === null) {
    return false;
  }
  const body = line.slice(keyword[0].length).trimEnd();
  let word = body.length;
  while (word > 0 && !/\s/.test(body[word - 1])) {
    word--;
  }
  if (CODE_SIGN.test(body.slice(word))) {
    return true;
  }
  const before = body.slice(0, word).trimEnd();
  return before !== '' && CODE_SIGN.test(before[before.length - 1]);
}

function endsInCode(line: string): boolean {
  const trimmed = line.trimEnd();
  return trimmed !== '' && /[;{}]/.test(trimmed[trimmed.length - 1]);
}
