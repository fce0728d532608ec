import { Widget } from '@lumino/widgets';

/**
 * What LIT's page may do. Not `allow-same-origin`: it must reach neither this
 * page nor the Jupyter server. Not `allow-popups`: a new window could take
 * along what LIT shows. The page's own policy says the same.
 */
const SANDBOX = 'allow-scripts allow-downloads';

/** Nothing of the document around is seen. */
const STYLE =
  'html, body, iframe { display: block; width: 100%; height: 100%; margin: 0; border: 0; overflow: hidden }';

/**
 * The frame that LIT's page is in, in a frame of ours that keeps it there.
 *
 * A page can't forbid itself to go elsewhere, but the page around a frame can:
 * by its `frame-src`, which browsers ask wherever that frame is led, and by
 * whomever. JupyterLab's page can't be given one, so there is a document in
 * between that holds nothing else. It is of JupyterLab's origin, has no script,
 * and asks for nothing but LIT's page.
 */
export class LitFrame extends Widget {
  constructor(options: LitFrame.IOptions) {
    super();
    this._options = options;
    // The shell's style for it: drags across go on.
    this.addClass('jp-IFrame');
    this._outer = document.createElement('iframe');
    this._outer.title = options.title;
    this._outer.addEventListener('load', this._onLoad);
    this.node.append(this._outer);
  }

  /** Whether it was asked to load the page. */
  get isUsed(): boolean {
    return this._outer.srcdoc !== '';
  }

  /** The window that LIT's page has, if it is there. */
  get inner(): Window | null {
    return this._frame?.contentWindow ?? null;
  }

  /** (Re)load the page. */
  load(): void {
    this._outer.srcdoc = around(this._options.page, this._options.title);
  }

  /** Put the keyboard into the page. */
  focus(): void {
    (this._frame ?? this._outer).focus();
  }

  private get _frame(): HTMLIFrameElement | null {
    return this._outer.contentDocument?.querySelector('iframe') ?? null;
  }

  /** The document around has loaded, and LIT's page in it. What loads there now, nobody asked for. */
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
  /** What it shows, and whom it tells. */
  export interface IOptions {
    /** Address of LIT's page. */
    page: string;
    title: string;
    /** The browser says that the page is loaded, or can't be. */
    onLoad: () => void;
    /** The page was led elsewhere, or tried to go: LIT is gone. */
    onLeft: () => void;
  }
}

/** The document around LIT's page. */
export function around(page: string, title: string): string {
  const { href, hostname } = new URL(page, window.location.href);
  // What separates policies and their parts. `;` and `,` mean nothing in our own paths.
  const address = href.replaceAll(';', '%3B').replaceAll(',', '%2C');
  // A policy can't name a host by its IPv6 address: there, the server as a whole.
  const source = hostname.startsWith('[') ? "'self'" : address;
  const html = document.implementation.createHTMLDocument(title);
  const policy = html.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = `default-src 'none'; style-src 'unsafe-inline'; frame-src ${source}`;
  const style = html.createElement('style');
  style.textContent = STYLE;
  // A policy holds for what comes after it.
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
