import { around } from './frame';

const PAGE = 'http://localhost:8888/user/ada/lit-lab/api/lit/page';

function parse(page: string): {
  policy: string;
  frame: HTMLIFrameElement;
  html: Document;
} {
  const html = new DOMParser().parseFromString(
    around(page, 'LIT'),
    'text/html'
  );
  // Before anything that it is to hold for.
  const meta = html.head.firstElementChild as HTMLMetaElement;
  expect(meta.httpEquiv).toBe('Content-Security-Policy');
  return { policy: meta.content, frame: html.querySelector('iframe')!, html };
}

describe('the document around LIT’s page', () => {
  it('lets that one page alone into the frame', () => {
    const { policy, frame, html } = parse(PAGE);
    expect(policy).toBe(
      `default-src 'none'; style-src 'unsafe-inline'; frame-src ${PAGE}`
    );
    expect(frame.getAttribute('src')).toBe(PAGE);
    expect(html.querySelectorAll('script')).toHaveLength(0);
  });

  it('lets the page neither be of an origin nor open windows', () => {
    const { frame } = parse(PAGE);
    expect(frame.getAttribute('sandbox')).toBe('allow-scripts allow-downloads');
  });

  it('names the page wholly where it is given by its path', () => {
    expect(parse('/lit-lab/api/lit/page').policy).toMatch(
      /frame-src http:\/\/localhost\/lit-lab\/api\/lit\/page$/
    );
  });

  it('is not led to another policy, or another element, by a path', () => {
    const { policy, frame, html } = parse(
      'http://localhost/user/a;b,c"><script>/lit/page'
    );
    expect(policy.split(';')).toHaveLength(3);
    expect(policy).not.toContain(',');
    expect(frame.getAttribute('src')).toBe(policy.split('frame-src ')[1]);
    expect(html.querySelectorAll('script')).toHaveLength(0);
  });

  it('names the server where a policy can’t name the host', () => {
    const { policy, frame } = parse('http://[::1]:8888/lit-lab/api/lit/page');
    expect(policy).toMatch(/frame-src 'self'$/);
    expect(frame.getAttribute('src')).toContain('[::1]:8888');
  });
});
