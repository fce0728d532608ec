/** JSON within a script element, which `</script>` or `<!--` would end or change. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

/** A text within HTML, attributes included. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
    // Parsers would turn it into a line feed.
    '\r': '&#13;'
  };
  return text.replace(/[&<>"'\r]/g, char => names[char]);
}

/** The beginning of a text, as one line, in UTF-16 units. */
export function oneLine(text: string, most = 200): string {
  const line = text.trim().replace(/\s+/g, ' ');
  // Never cut in the middle of a character.
  return line.length > most
    ? `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
    : line;
}
