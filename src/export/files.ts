/** Files and the clipboard, as a browser has them. */

/** Have the browser save a file. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: some browsers read it a moment later.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Why a copy was not made. */
export class NoClipboard extends Error {
  constructor(readonly reason: 'insecure' | 'refused') {
    super(reason);
  }
}

/**
 * Put something on the clipboard.
 *
 * @param content - may come later: the browser is asked at once, while it still
 *   knows that somebody has clicked.
 *
 * @throws {@link NoClipboard}: the browser doesn't let us. What `content`
 *   rejects with.
 */
export async function copy(
  type: 'text/plain' | 'image/png',
  content: Promise<Blob>
): Promise<void> {
  content.catch(() => undefined); // reported below
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (!clipboard) {
    // None on pages that are neither on HTTPS nor on this machine.
    throw new NoClipboard('insecure');
  }
  try {
    if (type === 'text/plain' && typeof ClipboardItem === 'undefined') {
      await clipboard.writeText(await (await content).text());
    } else {
      await clipboard.write([new ClipboardItem({ [type]: content })]);
    }
  } catch (reason) {
    await content; // What it failed for, if it was not the browser.
    console.warn('LIT Lab: the browser copied nothing', reason);
    throw new NoClipboard('refused');
  }
}

/** A name for a file, of what may be called anything. */
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
