import { copy, fileName, NoClipboard } from './files';

describe('export/files', () => {
  it('makes names that every system takes', () => {
    expect(fileName('Avoid: it/has "eggs"?\n…', 'html')).toBe(
      'avoid-it-has-eggs.html'
    );
    expect(fileName('../..', 'json')).toBe('run.json');
    expect(fileName('日本 Ünïcode', 'png')).toMatch(/^日本-.*\.png$/);
    expect(fileName('x'.repeat(500), 'html').length).toBeLessThan(70);
  });

  describe('copy', () => {
    const blob = Promise.resolve(new Blob(['x']));
    let written: unknown[];

    function clipboard(write: unknown): void {
      Object.defineProperty(navigator, 'clipboard', {
        value: write ? { write } : undefined,
        configurable: true
      });
    }

    beforeEach(() => {
      written = [];
      Object.assign(globalThis, {
        ClipboardItem: class {
          constructor(readonly data: unknown) {}
        }
      });
    });

    it('writes what it is given', async () => {
      clipboard(async (items: unknown[]) => void written.push(...items));
      await copy('text/plain', blob);
      expect(written).toEqual([{ data: { 'text/plain': blob } }]);
    });

    it('tells a page without a clipboard from a browser that refuses', async () => {
      clipboard(undefined);
      await expect(copy('text/plain', blob)).rejects.toMatchObject({
        reason: 'insecure'
      });
      jest.spyOn(console, 'warn').mockImplementation(() => undefined);
      clipboard(async () => {
        throw new DOMException('no', 'NotAllowedError');
      });
      await expect(copy('text/plain', blob)).rejects.toMatchObject({
        reason: 'refused'
      });
    });

    it('tells what could not be drawn', async () => {
      clipboard(async () => {
        throw new DOMException('no data', 'DataError');
      });
      const failed = Promise.reject(new Error('too large'));
      const copied = copy('image/png', failed);
      await expect(copied).rejects.toThrow('too large');
      await expect(copied).rejects.not.toBeInstanceOf(NoClipboard);
    });
  });
});
