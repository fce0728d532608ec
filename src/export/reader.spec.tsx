import { MimeModel } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import type { KeptScores } from '../api';
import { finished, LOOK, withEffects } from './fixtures';
import { MIME_TYPE } from './mime';
import { makeOutput } from './output';
import { Reader } from './reader';
import { Reading } from './reading';
import { RunRenderer } from './renderer';

const trans = nullTranslator.load('lit_lab');
const RUN = finished('One two. Three.', ' Four. Five.');

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  Element.prototype.scrollIntoView = () => undefined;
});

async function click(element: Element): Promise<void> {
  await act(async () => {
    element.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  });
}

function named(host: HTMLElement, name: string): HTMLElement {
  const found = [...host.querySelectorAll<HTMLElement>('button')].find(
    button => button.textContent === name
  );
  if (!found) {
    throw new Error(`no button ${name}`);
  }
  return found;
}

describe('export/reader', () => {
  let host: HTMLElement;
  let root: Root;

  beforeEach(() => {
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
  });

  async function draw(reading: Reading, look = LOOK): Promise<void> {
    await act(async () => {
      root.render(
        <Reader
          readings={[reading]}
          look={look}
          targets={[null]}
          trans={trans}
        />
      );
    });
  }

  it('shows effects, and shades by share again', async () => {
    await draw(new Reading(withEffects(RUN, [2, 0.5])));
    const first = () => host.querySelector('.lit-ranks-row')!.textContent;
    expect(first()).toContain('One two.');
    expect(first()).toContain('90% → 12%');
    await click(named(host, 'Share'));
    expect(first()).toContain('Four.');
    expect(first()).toContain('90% → 90%');
  });

  it.each([
    ['grad_l2', 'sentences', 'squared scores'],
    // Squares have no sign; single tokens keep their scores.
    ['grad_dot_input', 'tokens', 'is the sum of its tokens']
  ] as const)('says how the scores of %s by %s were made', async (...row) => {
    const [method, granularity, words] = row;
    await draw(new Reading(RUN), {
      ...LOOK,
      aggregation: 'squares',
      method,
      granularity
    });
    expect(host.querySelector('.lit-reader-method')!.textContent).toContain(
      words
    );
  });

  it('explains the part of the answer that is clicked', async () => {
    await draw(new Reading(RUN));
    const target = () =>
      host.querySelector('[data-target="true"]')!.textContent;
    expect(target()).toBe('Five.');
    await click(
      host.querySelectorAll('[data-part="answer"] [data-segment]')[0]
    );
    expect(target()).toBe('Four.');
    // The prompt is not explained.
    await click(
      host.querySelectorAll('[data-part="prompt"] [data-segment]')[0]
    );
    expect(target()).toBe('Four.');
  });

  it('tells where the answer was to end, and where it did', async () => {
    const stopped = { reason: 'stop', stopped_at: '<b>' } as const;
    await draw(new Reading({ ...RUN, ...stopped, stop: ['<b>', '\n'] }));
    const about = host.querySelector('.lit-reader-about')!;
    expect(about.querySelector('b')).toBeNull();
    expect(about.textContent).toContain('greedy · to stop at “<b>”, “\\n”');
    expect(about.textContent).toContain('ended before “<b>”');
  });

  it('leads to where there is a map', async () => {
    const [, { event }] = RUN.scores!;
    const { start, end } = event.target;
    const shap: KeptScores = {
      mode: 'remove',
      event: {
        event: 'segment_scores',
        foil: null,
        target: { start, end },
        method: 'shap',
        segments: RUN.prompt_tokens.slice(1).map((_, i) => ({
          start: i + 1,
          end: i + 2
        })),
        scores: [1, 2, 3],
        errors: [0.1, 0.1, 0.1],
        logprob: -1,
        passes: 9,
        sets: null,
        adaptive: false
      }
    };
    const reading = new Reading({ ...RUN, scores: [...RUN.scores!, shap] });
    await draw(reading);
    await click(
      host.querySelectorAll('[data-part="answer"] [data-segment]')[0]
    );
    await click(named(host, 'SHAP'));
    expect(host.textContent).toContain('SHAP was computed for other segments.');
    await click(named(host, 'Show Tokens'));
    expect(host.querySelectorAll('.lit-ranks li')).toHaveLength(3);
    expect(host.querySelector('.lit-ranks-share')!.textContent).toBe(
      '+3.00 ± 0.10 nats'
    );
    // Of the other sentence there is none.
    await click(host.querySelectorAll('[data-token]')[4]);
    expect(host.textContent).toContain('was not computed for this target');
    await click(named(host, 'Show L2 norm'));
    expect(host.querySelector('.lit-ranks')).not.toBeNull();
  });
});

describe('export/renderer', () => {
  async function render(data: unknown): Promise<Widget> {
    const renderer = new RunRenderer(trans);
    Widget.attach(renderer, document.body);
    const model = new MimeModel({
      data: { [MIME_TYPE]: data as ReadonlyPartialJSONValue }
    });
    await act(() => renderer.renderModel(model));
    return renderer;
  }

  it('draws what the extension inserts, and lets keys be its own', async () => {
    const output = makeOutput(new Reading(RUN), LOOK, null, trans);
    const { node } = await render(output[MIME_TYPE]);
    expect(node.querySelectorAll('[data-target="true"]')).toHaveLength(1);
    expect(node.dataset.lmSuppressShortcuts).toBe('true');
  });

  it('says what it cannot show', async () => {
    const { node } = await render({ packed: 7 });
    const alert = node.querySelector('[role="alert"]')!;
    expect(alert.textContent).toContain('This run can’t be shown.');
    expect(alert.textContent).toContain('update LIT Lab');
  });
});
