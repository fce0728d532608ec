import { nullTranslator } from '@jupyterlab/translation';

import type { RunRecord } from '../api';
import { finished, LOOK, withEffects } from './fixtures';
import { makeOutput, readOutput } from './output';
import { MIME_TYPE } from './mime';
import { Reading } from './reading';

const trans = nullTranslator.load('lit_lab');
const RUN = finished('A <script>x</script> & b. Two.\r\n', ' Three. Four.');

describe('export/output', () => {
  const reading = new Reading(RUN);
  const [target] = reading.targets;
  const output = makeOutput(reading, LOOK, target, trans);
  const html = output['text/html'] as string;
  const page = new DOMParser().parseFromString(html, 'text/html');

  it('reads in HTML without scripts, and without styles too', () => {
    expect(page.querySelector('script, style, link, img')).toBeNull();
    expect(page.querySelector('pre')!.textContent).toContain(
      'A <script>x</script> & b.'
    );
    expect(page.body.textContent).toContain('What led to “Three.”');
    expect(page.querySelectorAll('ol > li')).toHaveLength(2);
    expect(page.querySelector('li strong')!.textContent).toMatch(/%$/);
    expect(page.querySelector('u')!.textContent).toBe('Three.');
    expect(page.querySelectorAll('sup')[1].textContent).toBe('1');
    const shades = [...page.querySelectorAll<HTMLElement>('pre span')];
    expect(shades.some(({ style }) => style.backgroundColor !== '')).toBe(true);
  });

  it('gives share and effect', () => {
    const effective = new Reading(withEffects(RUN, [2, 0.5]));
    const made = makeOutput(effective, LOOK, target, trans);
    expect(made['text/plain']).toMatch(
      /\n1\. \d+%; without it: 90% → 12% {2}A <script>/
    );
    expect(made['text/html']).toContain('90% → 12%</strong>');
  });

  it('reads as text', () => {
    expect(output['text/plain']).toMatch(
      /^What led to “Three\.”\ndemo · .* L2 norm: .*\n1\. \d+% {2}Two\. \(line 1\)\n2\. \d+% {2}A <script>/
    );
  });

  it('is read again by the extension, as it was shown', () => {
    const saved = JSON.parse(JSON.stringify(output[MIME_TYPE]));
    const again = readOutput(saved);
    expect(again.target).toEqual(target);
    expect(again.look).toEqual(LOOK);
    expect(again.reading.record.prompt).toBe(RUN.prompt);
    expect(again.reading.targets).toEqual(reading.targets);
  });

  it('takes what is valid of a look that somebody changed', () => {
    const saved = JSON.parse(JSON.stringify(output[MIME_TYPE]));
    const again = readOutput({ ...saved, look: { method: '<b>' }, target: 7 });
    expect(again.look.method).toBe('grad_l2');
    expect(again.target).toBeNull();
    expect(() => readOutput({ look: null })).toThrow();
  });

  it('names what the model is provided under, by the run itself', () => {
    const described = (run: Partial<RunRecord>) => {
      const record = new Reading({ ...RUN, ...run });
      const made = makeOutput(record, LOOK, target, trans);
      return `${made['text/plain']}${made['text/html']}`;
    };
    const terms = { name: 'Some Licence', url: 'https://example.org/terms' };
    expect(described({ terms })).toContain(
      'provided under Some Licence: https://example.org/terms'
    );
    // One of before that was in runs.
    expect(described({ model: 'my-Gemma', terms: null })).toContain(
      'Gemma Terms of Use: https://ai.google.dev/gemma/terms'
    );
    expect(described({ terms: null })).not.toContain('provided under');
    for (const url of ['javascript:alert(1)', 'https://a b', 'http://a.org']) {
      expect(described({ terms: { name: 'x', url } })).not.toContain(url);
    }
  });

  it('tells who speaks in a chat format, and its share', () => {
    const plain = finished('user Onion. end', ' Avoid.');
    const added = new Map([
      [1, '<start_of_turn>user\n'],
      [3, '<end_of_turn>\n<start_of_turn>model\n']
    ]);
    const reading = new Reading({
      ...plain,
      chat: 'wrapped',
      prompt: ' Onion.',
      prompt_tokens: plain.prompt_tokens.map((token, i) => {
        const piece = added.get(i);
        return piece === undefined
          ? token
          : { ...token, piece, text: '', kind: 'template' as const };
      })
    });
    const [target] = reading.targets;
    const output = makeOutput(reading, LOOK, target, trans);
    const page = new DOMParser().parseFromString(
      output['text/html'] as string,
      'text/html'
    );
    expect(page.querySelector('pre')!.textContent).toBe(
      'User:\n Onion.1\nModel:\n Avoid.'
    );
    // One and three eighths of the template's, against two of the text's.
    const share =
      'The chat format’s own tokens: 71% of salience, counted separately.';
    expect(page.body.textContent).toContain(share);
    expect(output['text/plain']).toContain(share);
    const again = readOutput(JSON.parse(JSON.stringify(output[MIME_TYPE])));
    expect(again.reading.record.chat).toBe('wrapped');
  });
});
