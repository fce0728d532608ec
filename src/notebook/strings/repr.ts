/** Python's `repr` of a string. */
export function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const short: Record<string, string> = {
    '\\': '\\\\',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    [quote]: `\\${quote}`
  };
  let inside = '';
  for (const point of text) {
    if (Object.hasOwn(short, point)) {
      inside += short[point];
    } else if (point !== ' ' && /[\p{C}\p{Z}]/u.test(point)) {
      const code = point.codePointAt(0)!;
      const hex = code.toString(16);
      inside +=
        code <= 0xff
          ? `\\x${hex.padStart(2, '0')}`
          : code <= 0xffff
            ? `\\u${hex.padStart(4, '0')}`
            : `\\U${hex.padStart(8, '0')}`;
    } else {
      inside += point;
    }
  }
  return quote + inside + quote;
}
