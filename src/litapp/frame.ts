import { Widget } from '@lumino/widgets';

/**
 * What LIT's page may do. Not `allow-same-origin`: it must reach neither this
 * page nor the Jupyter server. Not `allow-popups`: a new window could take
 * data out of LIT. The page's own policy says the same.
 */
const SANDBOX = 'allow-scripts allow-downloads';

/** Nothing of the document around it is visible. */
const STYLE =
  'html, body, iframe { display: block; width: 100%; height: 100%; margin: 0; border: 0; overflow: hidden }';

/**
 * The frame of LIT's page, inside another frame that prevents navigation.
 *
 * A page can't forbid its own navigation, but the page around a frame can: by its
 * `frame-src`, which browsers check wherever that frame navigates, no matter who
 * started it. JupyterLab's page can't be given one, so there is a document in
 * between with nothing else in it. It has JupyterLab's origin, has no script,
 * and loads only LIT's page.
 */
export class LitFrame extends Widget {
  constructor(options: LitFrame.IOptions) {
    super();
    this._options = options;
    // The shell's style for it: drags across the frame continue.
    this.addClass('jp-IFrame');
    this._outer = document.createElement('iframe');
    this._outer.title = options.title;
    this._outer.addEventListener('load', this._onLoad);
    this.node.append(this._outer);
  }

  /** Whether the page was loaded once. */
  get isUsed(): boolean {
    return this._outer.srcdoc !== '';
  }

  /** The window of LIT's page, if there is one. */
  get inner(): Window | null {
    return this._frame?.contentWindow ?? null;
  }

  /** (Re)load the page. */
  load(): void {
    this._outer.srcdoc = around(this._options.page, this._options.title);
  }

  /** Move the focus into the page. */
  focus(): void {
    (this._frame ?? this._outer).focus();
  }

  private get _frame(): HTMLIFrameElement | null {
    return this._outer.contentDocument?.querySelector('iframe') ?? null;
  }

  /** The outer document has loaded, with LIT's page in it. Another load is navigation. */
  private readonly _onLoad = () => {
    if (this._frame) {
      this._frame.addEventListener('load', this._options.onLeft);
      this._options.onLoad();
    }
  };

  private readonly _options: LitFrame.IOptions;
  private readonly _outer: HTMLIFrameElement;
}

/** Namespace for the frame's options. */
export namespace LitFrame {
  /** What it shows, and its callbacks. */
  export interface IOptions {
    /** Address of LIT's page. */
    page: string;
    title: string;
    /** The browser reports that the page has loaded, or can't load. */
    onLoad: () => void;
    /** The page navigated, or tried to: LIT is gone. */
    onLeft: () => void;
  }
}

/** The document around LIT's page. */
export function around(page: string, title: string): string {
  const { href, hostname } = new URL(page, window.location.href);
  // What separates policies and their parts. Paths of LIT Lab need no `;` and `,`.
  const address = href.replaceAll(';', '%3B').replaceAll(',', '%2C');
  // A policy can't name a host by its IPv6 address: there, allow the whole server.
  const source = hostname.startsWith('[') ? "'self'" : address;
  const html = document.implementation.createHTMLDocument(title);
  const policy = html.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = `default-src 'none'; style-src 'unsafe-inline'; frame-src ${source}`;
  const style = html.createElement('style');
  style.textContent = STYLE;
  // A policy applies to what comes after it.
  html.head.prepend(policy);
  html.head.append(style);
  const frame = html.createElement('iframe');
  frame.setAttribute('sandbox', SANDBOX);
  frame.title = title;
  frame.allow = 'clipboard-write';
  frame.referrerPolicy = 'no-referrer';
  frame.src = address;
  html.body.append(frame);
  return `<!DOCTYPE html>${html.documentElement.outerHTML}`;
}
