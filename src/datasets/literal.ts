const ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  '\r': '\\r',
  '\0': '\\x00'
};

/** A text as a Python string in triple quotes, which means exactly that text. */
export function pythonLiteral(text: string): string {
  const inner = text
    .replace(/[\\\r\0]/g, character => ESCAPES[character])
    .replace(/"""/g, '\\"\\"\\"')
    .replace(/"$/, '\\"');
  return `"""${inner}"""`;
}
