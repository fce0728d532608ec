import { nullTranslator } from '@jupyterlab/translation';

import { VERSION } from '../api/version';
import { finished, LOOK } from './fixtures';
import { unpackRun } from './packed';
import { makePage } from './page';
import type { IPageParts } from './page';

const trans = nullTranslator.load('lit_lab');

const PARTS: IPageParts = {
  SCRIPT: 'run("it")',
  SCRIPT_HASH: 'sha256-c2NyaXB0',
  STYLE: '.a{color:red}',
  STYLE_HASH: 'sha256-c3R5bGU='
};

/** What would run, end an element early, or begin a comment. */
const NASTY =
  '<script>alert(1)</script> </SCRIPT > <!-- <script> --> <img src=x onerror=alert(1)> ]]> &lt;b&gt; "\' \u2028 \r\n </title></style> Done.';

const TITLE = '</title><script>alert(2)</script>';

function parse(html: string): Document {
  return new DOMParser().parseFromString(html, 'text/html');
}

describe('export/page', () => {
  const run = finished(NASTY, ' <b>Yes</b> </script>. Fine.', {
    title: TITLE,
    model: '<i>gemma</i>',
    origin: { document: '<u>.ipynb', place: ['<s>'] },
    stop: ['<img src=x>'],
    reason: 'stop',
    stopped_at: '<img src=x>'
  });
  const html = makePage([run], { look: LOOK, targets: [null], trans }, PARTS);
  const page = parse(html);

  it('shows all text as text', () => {
    const flow = page.querySelector('.lit-text')!;
    // An HTML parser takes no carriage return as it is.
    expect(flow.textContent!.replace(/\r\n?/g, '\n')).toContain(
      NASTY.replace(/\r\n?/g, '\n')
    );
    expect(page.querySelectorAll('script')).toHaveLength(2);
    expect(page.querySelectorAll('img, b, i, u, s')).toHaveLength(0);
    expect(page.title).toContain('</title><script>');
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).not.toContain('<!-- <');
  });

  it('carries the run for its script', () => {
    const data = JSON.parse(page.getElementById('lit-data')!.textContent!);
    expect(unpackRun(data.runs[0])).toEqual(run);
    expect(data.look).toEqual(LOOK);
    // The last sentence, as none was wished for.
    const { target } = run.scores![run.scores!.length - 1].event;
    expect(data.targets).toEqual([[target.start, target.end]]);
  });

  it('lets nothing through but its own script and style', () => {
    const policy = page
      .querySelector('meta[http-equiv="Content-Security-Policy"]')!
      .getAttribute('content');
    expect(policy).toBe(
      "default-src 'none'; script-src 'sha256-c2NyaXB0'; style-src 'sha256-c3R5bGU='; base-uri 'none'; form-action 'none'"
    );
    expect(page.querySelectorAll('script')[1].textContent).toBe(PARTS.SCRIPT);
    expect(page.querySelector('style')!.textContent).toBe(PARTS.STYLE);
    // Before anything that it is for.
    expect(html.indexOf('Content-Security')).toBeLessThan(
      html.indexOf('<style>')
    );
    expect(page.querySelectorAll('[src], link, iframe')).toHaveLength(0);
    expect(page.querySelectorAll('[style]')).toHaveLength(0);
  });

  it('can be read without its script', () => {
    expect(page.querySelectorAll('[data-target="true"]')).toHaveLength(1);
    const strongest = page.querySelector<HTMLElement>('[data-rank="1"]')!;
    expect(strongest.dataset.weight).toBe('100');
    expect(page.querySelectorAll('.lit-ranks li').length).toBeGreaterThan(1);
    expect(page.querySelectorAll('button, [role="button"]')).toHaveLength(0);
    expect(page.body.textContent).toContain(`LIT Lab ${VERSION}`);
    expect(page.body.textContent).toContain('L2 norm');
    expect(page.body.textContent).toContain('Gemma Terms of Use');
    expect(page.querySelector('time')!.dateTime).toMatch(/^2023-11-14T/);
  });

  it('has a size that can be mailed', () => {
    // 2,000 tokens, of which the answer's 12 sentences have maps by two methods.
    const prompt = 'A sentence of seven words it is. '.repeat(268);
    const long = finished(
      prompt,
      ' Ten words more that say something of this and that.'.repeat(12)
    );
    expect(long.scores).toHaveLength(24);
    const count = long.prompt_tokens.length + long.answer_tokens.length;
    expect(count).toBeGreaterThan(1990);
    const whole = makePage([long], { look: LOOK, targets: [], trans }, PARTS);
    expect(whole.length).toBeLessThan(450_000);
  });

  it('shows two runs side by side', () => {
    const other = finished('Else.', ' No.', { model: 'other' });
    const both = parse(
      makePage([run, other], { look: LOOK, targets: [], trans }, PARTS)
    );
    const names = [...both.querySelectorAll('article')].map(one =>
      one.getAttribute('aria-label')
    );
    expect(names).toEqual(['Run of <i>gemma</i>', 'Run of other']);
    expect(both.querySelectorAll('[data-target="true"]')).toHaveLength(2);
  });

  it('tells of a run without maps', () => {
    const bare = parse(
      makePage(
        [{ ...run, scores: [] }],
        { look: LOOK, targets: [null], trans },
        PARTS
      )
    );
    expect(bare.body.textContent).toContain('No map of this run');
    expect(bare.querySelector('.lit-text')!.textContent).toContain('Done.');
  });
});
