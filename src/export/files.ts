/** Files and the clipboard. */

/** Let the browser save a file. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Later, because some browsers read it a moment after the click.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Why copying failed. */
export class NoClipboard extends Error {
  constructor(readonly reason: 'insecure' | 'refused') {
    super(reason);
  }
}

/**
 * Put something on the clipboard.
 *
 * @param content - may resolve later: the browser is asked at once, while it still
 *   knows that the user has clicked.
 *
 * @throws {@link NoClipboard}: the browser refuses. Otherwise what `content`
 *   rejects with.
 */
export async function copy(
  type: 'text/plain' | 'image/png',
  content: Promise<Blob>
): Promise<void> {
  content.catch(() => undefined); // reported below
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (!clipboard) {
    // Pages that are neither on HTTPS nor on this machine have none.
    throw new NoClipboard('insecure');
  }
  try {
    if (type === 'text/plain' && typeof ClipboardItem === 'undefined') {
      await clipboard.writeText(await (await content).text());
    } else {
      await clipboard.write([new ClipboardItem({ [type]: content })]);
    }
  } catch (reason) {
    await content; // Throws the reason, unless the browser refused.
    console.warn('LIT Lab: the browser copied nothing', reason);
    throw new NoClipboard('refused');
  }
}

/** A valid file name for any title. */
export function fileName(name: string, extension: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .replace(/-+$/, '')
    .toLowerCase();
  return `${plain || 'run'}.${extension}`;
}
