/** Helpers that workflows share: open a notebook, analyze a prompt, find the panel's parts by role and name. */
import * as path from 'path';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, JupyterLabPage } from '@jupyterlab/galata';
import { test } from '@playwright/test';
import type { APIRequestContext, Locator, Page } from '@playwright/test';

import { COLD } from '../patience';

export { COLD };

/** The tutorial notebook. */
export const TUTORIAL = path.resolve(
  __dirname,
  '../../examples/prompt_debugging.ipynb'
);

/** The end of the answer to the tutorial's prompt. A mistaken example in the prompt has the same text. */
export const ADVICE = 'Recommendation: You have to try it.';

/** Markdown, a raw cell, several strings, and a printed prompt; no kernel is named. */
export const NO_KERNEL = path.resolve(__dirname, '../fixtures/no_kernel.ipynb');

/** Galata's own timeout for JupyterLab's start is 15 seconds. */
JupyterLabPage.prototype.waitForCondition = async (condition, timeout = COLD) =>
  expect.poll(async () => condition(), { timeout }).toBe(true);

/**
 * Choose a command of the palette by the typed text and its entry's label, until its result is there. JupyterLab accepts
 * keys only some time after it loads, and whatever else opens meanwhile may take the focus and the keys.
 */
export async function choose(
  page: Page,
  typed: string,
  entry: string,
  shows: Locator
): Promise<void> {
  const search = page.locator('.lm-CommandPalette-input');
  const found = page.locator('.lm-CommandPalette-item', { hasText: entry });
  const timeout = 5_000;
  await expect(async () => {
    if (await shows.isVisible()) {
      return;
    }
    if (!(await search.isVisible())) {
      await page.keyboard.press('Control+Shift+c');
    }
    await expect(search).toBeVisible({ timeout });
    await search.fill(typed, { timeout });
    await expect(found.first()).toBeVisible({ timeout });
    await search.press('Enter', { timeout });
    await expect(shows).toBeVisible({ timeout: 4 * timeout });
  }).toPass();
}

/** A JupyterLab workspace for this try of a test alone, so that it doesn't inherit what another try left open. */
export function workspaceOf(name: string): string {
  const { retry, repeatEachIndex } = test.info();
  return `${name}-${retry}-${repeatEachIndex}`;
}

/** Open a copy of a notebook in the test's own folder. Returns its path on the server. */
export async function openNotebook(
  page: IJupyterLabPageFixture,
  tmpPath: string,
  file: string
): Promise<string> {
  const name = path.basename(file);
  const target = `${tmpPath}/${name}`;
  await page.contents.uploadFile(file, target);
  // Returns nothing: commands return widgets, which can't leave the page.
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path });
  }, target);
  if (file === NO_KERNEL) {
    await page
      .getByRole('dialog')
      .getByRole('button', { name: 'No Kernel' })
      .click();
  }
  // The previous notebook may be open, too.
  await expect(
    page.getByRole('main').locator('.jp-Notebook').filter({ visible: true })
  ).toHaveCount(1);
  return target;
}

/** Right-click in the middle of a piece of text, scrolling there, and choose Analyze prompt. */
export async function analyzeAt(page: Page, text: Locator): Promise<void> {
  await text.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Analyze prompt' }).click();
}

/** A line of a cell's editor. */
export function line(page: Page, text: string, nth = 0): Locator {
  return page
    .locator('.jp-Notebook .cm-line')
    .filter({ hasText: text })
    .nth(nth);
}

/**
 * Wait until JupyterLab has stored something of a page: it writes workspaces and settings some time after a change. With
 * Galata they belong to the test.
 *
 * @param place - which of them: `workspaces/<name>`, or `settings/<plugin>`.
 * @param what - all that its text must say.
 */
export async function kept(
  page: Page,
  place: string,
  ...what: RegExp[]
): Promise<void> {
  const missing = () =>
    page.evaluate(
      async ({ place, what }) => {
        const base = location.pathname.replace(/\/lab(\/.*)?$/, '');
        const reply = await fetch(`${base}/lab/api/${place}`);
        // Settings are text with comments, and a workspace is JSON.
        const { raw, data } = await reply.json();
        const text = raw ?? JSON.stringify(data);
        return what.filter(one => !new RegExp(one).test(text));
      },
      { place, what: what.map(({ source }) => source) }
    );
  await expect.poll(missing, `not kept in ${place}`).toEqual([]);
}

/**
 * Reset the panel's settings on the open server, for a page whose settings Galata doesn't mock. Galata doesn't intercept
 * everything that a closing page saves, so earlier specs may have left their settings of answers and maps.
 */
export async function resetSettings(request: APIRequestContext): Promise<void> {
  const settings = '/lab/api/settings/lit-lab:panel';
  const reply = await request.put(settings, { data: { raw: '{}' } });
  expect(reply.ok()).toBe(true);
}

/** The part of a workspace that says that the panel is open. */
export const PANEL_OPEN = /"current":"lit-lab-panel"/;

/** Wait until all animations have ended, except endless ones. */
export async function still(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        ({ effect, playState }) =>
          playState !== 'running' ||
          effect?.getComputedTiming().endTime === Infinity
      )
  );
}

/** The shaded ranges of an editor. */
export function overlay(within: Locator): Locator {
  return within.locator('.lit-shade');
}

/** Replace a line of a cell by typing, as a person does. */
export async function retype(page: Page, line: Locator, text: string) {
  await line.click();
  await page.keyboard.press('End');
  await page.keyboard.press('Shift+Home');
  await page.keyboard.type(text);
}

/** Paste at the cursor. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate(text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.activeElement!.dispatchEvent(
      new ClipboardEvent('paste', {
        clipboardData,
        bubbles: true,
        cancelable: true
      })
    );
  }, text);
}

/** Wait until the model service is ready, and return its process id. */
export async function servicePid(request: APIRequestContext): Promise<number> {
  let pid: number | null = null;
  await expect
    .poll(
      async () => {
        const reply = await request.get('/lit-lab/api/status');
        const { service } = await reply.json();
        pid = service.pid;
        return service.state;
      },
      { timeout: COLD }
    )
    .toBe('ready');
  return pid!;
}

/**
 * Run the tutorial's prompt, and make the recommendation of its answer the target.
 *
 * @returns the panel with the map, and the notebook's path on the server.
 */
export async function explained(
  page: IJupyterLabPageFixture,
  tmpPath: string
): Promise<{ panel: Panel; notebook: string }> {
  const panel = new Panel(page);
  const notebook = await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(ADVICE);
  await panel.explain(ADVICE);
  return { panel, notebook };
}

/** The panel's views. */
export type View = 'Analysis' | 'Datasets' | 'History' | 'Models';

/** A tab of the insight. */
export type InsightTab = 'What led to' | 'Why not' | 'Trust' | 'Options';

/** Do something, and wait until the page has requested an answer. */
export async function asked(
  page: Page,
  act: () => Promise<unknown>
): Promise<void> {
  const request = page.waitForRequest(
    one =>
      one.method() === 'POST' &&
      new URL(one.url()).pathname.endsWith('/lit-lab/api/jobs') &&
      one.postDataJSON().kind === 'generate'
  );
  await act();
  await request;
}

/** The side panel, or, by its name, the one in the main area. */
export class Panel {
  constructor(
    readonly page: Page,
    name = 'Prompt salience'
  ) {
    this.region = page.getByRole('region', { name, exact: true });
    this.run = this.region.getByRole('button', { name: 'Run', exact: true });
    this.stop = this.region.getByRole('button', { name: 'Stop', exact: true });
    this.edit = this.region.getByRole('button', { name: 'Edit prompt' });
    this.prompt = this.region.getByRole('textbox', {
      name: 'Prompt',
      exact: true
    });
    this.answer = this.region.getByRole('group', {
      name: 'Answer',
      exact: true
    });
    this.target = this.region.locator('[data-target="true"]');
    this.method = this.region.getByRole('combobox', { name: 'Method' });
    this.offer = this.region.getByRole('button', {
      name: 'Compute',
      exact: true
    });
    this.topSegments = this.region.getByRole('list', { name: /^What led to/ });
    this.alert = this.region.getByRole('alert');
  }

  readonly region: Locator;
  readonly run: Locator;
  readonly stop: Locator;
  readonly edit: Locator;
  readonly prompt: Locator;
  /** The answer's part of the flowing text. */
  readonly answer: Locator;
  readonly target: Locator;
  /** The choice of a method, by its value or its name. */
  readonly method: Locator;
  /** The button for computations that only run on request. */
  /** The button that starts a method that is not automatic. */
  readonly offer: Locator;
  readonly topSegments: Locator;
  readonly alert: Locator;

  /** A variable of the prompt's template. */
  variable(name: string): Locator {
    return this.region.getByRole('textbox', { name, exact: true });
  }

  /** Segments of prompt or answer. */
  segments(part: 'Prompt' | 'Answer', text?: string | RegExp): Locator {
    const all = this.region
      .getByRole('group', { name: part, exact: true })
      .locator('[data-segment]');
    return text === undefined ? all : all.filter({ hasText: text });
  }

  /** Show a view. Returns its region, or the whole panel for the analysis, which has several. */
  async show(view: View): Promise<Locator> {
    const panel = await this._choose(view);
    return view === 'Analysis'
      ? panel
      : panel.getByRole('region', { name: view, exact: true });
  }

  /** Open the insight, and show one of its tabs. Returns the tab's panel. */
  async insight(tab: InsightTab): Promise<Locator> {
    return this._choose(tab);
  }

  /** Click Run, and wait until the page sends the request: until then it may still show an earlier answer. */
  async ask(): Promise<void> {
    await asked(this.page, () => this.run.click());
  }

  /** Run, and wait until the answer can be explained. */
  async generate(text: string | RegExp): Promise<void> {
    await this.ask();
    await this.answered(text);
  }

  /** Wait for a complete answer that contains this text. */
  async answered(text: string | RegExp): Promise<void> {
    // First, because an earlier answer may be shown while the page waits for the model.
    await expect(this.run).toBeVisible({ timeout: COLD });
    await expect(
      this.segments('Answer', text).last(),
      'the answer'
    ).toHaveAttribute('aria-disabled', 'false', { timeout: COLD });
    await expect(this.run).toBeVisible();
  }

  /** Clear the target that a new answer gets by itself. */
  async clearTarget(): Promise<void> {
    await expect(this.target).not.toHaveCount(0);
    await this.target.first().press('Escape');
    await expect(this.target).toHaveCount(0);
  }

  /** Make a sentence of the answer the target, and wait for its map. */
  async explain(text: string | RegExp): Promise<void> {
    await this.segments('Answer', text).last().click();
    await expect(this.target).toContainText(text);
    await this.mapped();
  }

  /** Go to the text with the keyboard, from wherever the focus is. */
  async reachText(): Promise<void> {
    for (let stops = 0; stops < 30; stops++) {
      await this.page.keyboard.press('Tab');
      if (await this.region.locator('[data-segment]:focus').count()) {
        return;
      }
    }
    throw new Error('Tab does not lead to the text.');
  }

  /** Compute a method's map, which starts by itself if it is quick. */
  async compute(method: string): Promise<void> {
    await this.method.selectOption(method);
    await expect(this.offer.or(this.topSegments)).toBeVisible();
    if (await this.offer.isVisible()) {
      // A computation with a short estimate starts by itself, and removes the button.
      await this.offer.click({ timeout: 5_000 }).catch(() => undefined);
    }
    await expect(this.topSegments).toBeVisible({ timeout: COLD });
  }

  /** Wait until the map is there. */
  async mapped(): Promise<void> {
    await expect(this.topSegments).toBeVisible({ timeout: COLD });
    await expect(this.region.locator('[data-rank="1"]')).toHaveCount(1);
  }

  /** Click a tab until its panel is shown, because a notice that appears or disappears above it may intercept the click. */
  private async _choose(name: View | InsightTab): Promise<Locator> {
    const [tab, panel] = (['tab', 'tabpanel'] as const).map(role =>
      this.region.getByRole(role, { name, exact: true })
    );
    await expect(async () => {
      await tab.click();
      await expect(panel).toBeVisible({ timeout: 5_000 });
    }).toPass();
    return panel;
  }

  /** The index of the prompt's segment with the highest score. */
  async strongestOfPrompt(): Promise<number> {
    return this.segments('Prompt').evaluateAll(all =>
      all.reduce(
        (best, element, i) =>
          Number(element.dataset.rank) < Number(all[best].dataset.rank)
            ? i
            : best,
        0
      )
    );
  }
}
