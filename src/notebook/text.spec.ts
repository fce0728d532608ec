import { languageOf } from './text';

describe('languageOf', () => {
  it.each([
    [{ name: 'python' }, null, 'python'],
    [
      {
        name: 'coconut',
        codemirror_mode: { name: 'python', version: 3 },
        mimetype: 'text/x-python3'
      },
      null,
      'python'
    ],
    [{ name: 'xeus', codemirror_mode: 'ipython' }, null, 'python'],
    [{ name: 'sage', mimetype: 'text/x-python' }, null, 'python'],
    [
      { name: 'R', codemirror_mode: 'r', mimetype: 'text/x-r-source' },
      null,
      'R'
    ],
    [null, { language: 'julia' }, 'julia'],
    [undefined, undefined, 'python']
  ])('of %j and %j', (info, kernel, language) => {
    expect(languageOf(info, kernel)).toBe(language);
  });
});
