import { ForcedAnswerModel, runTogether } from './forcedAnswer';

describe('session/forcedAnswer', () => {
  let model: ForcedAnswerModel;
  let other: ForcedAnswerModel;

  beforeEach(() => {
    model = new ForcedAnswerModel();
    other = new ForcedAnswerModel();
  });

  afterEach(() => {
    model.dispose();
    other.dispose();
  });

  it('knows where prompt and text would run together', () => {
    for (const [prompt, text] of [
      ['Analysis:', 'This dish'],
      ['Say', '“Yes”'],
      ['x.', '7']
    ]) {
      expect([prompt, text, runTogether(prompt, text)]).toEqual([
        prompt,
        text,
        true
      ]);
    }
    for (const [prompt, text] of [
      ['Analysis: ', 'This'],
      ['Analysis:', ' This'],
      ['Analysis:\n', 'This'],
      ['Analysis', ', and'],
      ['Say “', 'Yes'],
      ['分析：', '好'],
      ['', 'This'],
      ['Say', '']
    ]) {
      expect([prompt, text, runTogether(prompt, text)]).toEqual([
        prompt,
        text,
        false
      ]);
    }
  });

  it('puts a blank between, unless switched off', () => {
    expect(model.behind('A:', 'b')).toBe(' b');
    model.hasBlank = false;
    expect(model.behind('A:', 'b')).toBe('b');
  });

  it('is kept over a reload', () => {
    let changes = 0;
    model.changed.connect(() => changes++);
    model.text = ' Avoid.';
    model.isOpen = true;
    expect(changes).toBe(2);
    other.restore(JSON.parse(JSON.stringify(model.save())));
    expect([other.text, other.isOpen, other.hasBlank]).toEqual([
      ' Avoid.',
      true,
      true
    ]);
    other.restore(undefined);
    expect(other.text).toBe(' Avoid.');
  });
});
