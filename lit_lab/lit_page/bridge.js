/**
 * Runs in the page of LIT's own app, before LIT does. That page has no origin, no cookies and no network: this script
 * gets LIT's program from the page around it, through a port, and sends LIT's requests there (src/litapp/bridge.ts).
 */
(() => {
  'use strict';
  const { nonce } = document.currentScript;
  /** Stands before the names of LIT's images in its program: an address that loads nothing. */
  const IMAGE = 'data:,static/';
  /** JupyterLab's page. Between it and this one is the document that keeps this one in its frame (src/litapp/frame.ts). */
  const around = window.parent.parent;
  const waiting = new Map();
  let port = null;
  let asked = 0;

  /** Ask the page around for something, and wait for its answer. */
  const ask = message =>
    new Promise(resolve => {
      asked += 1;
      waiting.set(asked, resolve);
      port.postMessage({ ...message, id: asked });
    });

  /** LIT's requests, all of them POST, relative, and JSON. */
  const post = async (url, options) => {
    const { pathname, searchParams } = new URL(url, 'http://lit/');
    const { status, text } = await ask({
      call: {
        endpoint: pathname.slice(1),
        query: Object.fromEntries(searchParams),
        ...JSON.parse(options.body)
      }
    });
    return new Response(text, { status });
  };

  /** Show LIT's own images, which only the page around can fetch. */
  const show = async image => {
    if (image.src.startsWith(IMAGE)) {
      const name = image.src.slice(IMAGE.length);
      image.removeAttribute('src');
      const { content, type } = await ask({ file: name });
      if (content) {
        image.src = URL.createObjectURL(new Blob([content], { type }));
      }
    }
  };

  const look = node => {
    if (node instanceof HTMLImageElement) {
      void show(node);
    } else if (node instanceof Element) {
      node.querySelectorAll('img').forEach(image => void show(image));
    }
  };

  // LIT's components each have a shadow of their own.
  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options);
    new MutationObserver(records => {
      for (const { addedNodes, target, type } of records) {
        (type === 'attributes' ? [target] : addedNodes).forEach(look);
      }
    }).observe(root, {
      attributes: true,
      attributeFilter: ['src'],
      childList: true,
      subtree: true
    });
    return root;
  };

  const start = ({ query, program }) => {
    const replaceState = history.replaceState.bind(history);
    replaceState(null, '', query);
    // LIT writes what it shows into its address: so it can be shown again.
    history.replaceState = (...args) => {
      replaceState(...args);
      port.postMessage({ query: location.search });
    };
    window.fetch = post;
    const script = document.createElement('script');
    script.nonce = nonce;
    script.textContent = program.replaceAll('static/', IMAGE);
    document.body.append(document.createElement('lit-app'), script);
    if (document.readyState === 'complete') {
      // LIT waits for this, and it has been.
      window.dispatchEvent(new Event('load'));
    }
  };

  // This page opens no window: a link is followed, or not, by the page around.
  const follow = event => {
    const link = event
      .composedPath()
      .find(node => node instanceof HTMLAnchorElement && node.href);
    if (link && port !== null && !link.hasAttribute('download')) {
      event.preventDefault();
      port.postMessage({ link: link.href });
    }
  };
  window.addEventListener('click', follow);
  // Other buttons of a mouse than the first.
  window.addEventListener(
    'auxclick',
    event => event.button === 1 && follow(event)
  );

  window.addEventListener('message', event => {
    // Only the page around, which is of the server that sent this one.
    if (
      port === null &&
      event.source === around &&
      event.origin === window.location.origin
    ) {
      [port] = event.ports;
      port.onmessage = ({ data }) => {
        waiting.get(data.id)?.(data);
        waiting.delete(data.id);
      };
      start(event.data);
    }
  });
  around.postMessage('lit-lab:ready', '*');
})();
