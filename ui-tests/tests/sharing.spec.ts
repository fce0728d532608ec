/** Sharing a run: a page that needs nothing else, a notebook's output, the clipboard. */
import { readFileSync } from 'fs';
import * as path from 'path';
import { pathToFileURL } from 'url';
import { expect, test } from './galata';
import type { Browser, Download, Page } from '@playwright/test';

import {
  ADVICE as MISTAKE,
  analyzeAt,
  explained,
  kept,
  line,
  openNotebook,
  Panel,
  PANEL_OPEN,
  TUTORIAL
} from './lab';

const MIME_TYPE = 'application/vnd.lit-lab.run+json';

/** Choose an entry of the panel's menu for sharing the shown run. */
async function share(panel: Panel, name: string): Promise<void> {
  await panel.region.getByRole('button', { name: 'Share this run' }).click();
  await panel.page.getByRole('menuitem', { name }).click();
}

/** Save a download under its own name. */
async function keep(saving: Promise<Download>): Promise<string> {
  const download = await saving;
  const file = test.info().outputPath(download.suggestedFilename());
  await download.saveAs(file);
  return file;
}

/** Open a file from disk in a browser without a network, and record its requests. */
async function openFile(
  browser: Browser,
  file: string,
  javaScriptEnabled = true
): Promise<{ sheet: Page; asked: string[]; said: string[] }> {
  const context = await browser.newContext({
    offline: true,
    javaScriptEnabled
  });
  const sheet = await context.newPage();
  const asked: string[] = [];
  const said: string[] = [];
  sheet.on('request', request => asked.push(request.url()));
  sheet.on('console', message => said.push(message.text()));
  sheet.on('pageerror', error => said.push(error.message));
  await sheet.goto(pathToFileURL(file).href);
  return { sheet, asked, said };
}

test('a page opens from disk, asks for nothing, and can be used', async ({
  page,
  tmpPath,
  browser
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  // Text that would end a script, begin a comment, or become an element.
  const nasty = '<script>alert(1)</script> <!-- <img src=x> </title>';
  await expect(panel.prompt).toHaveValue(/Suggestion: /);
  const prompt = await panel.prompt.inputValue();
  await panel.prompt.fill(`${nasty}\n${prompt}`);
  await panel.generate(/Recommendation/);
  await panel.explain(/Recommendation/);
  const explainedText = (await panel.target.textContent())!.trim();
  const shown = await panel.topSegments.getByRole('listitem').allTextContents();

  const saving = page.waitForEvent('download');
  await share(panel, 'Save Run as HTML Page');
  const file = await keep(saving);
  expect(path.extname(file)).toBe('.html');
  expect(readFileSync(file).length).toBeLessThan(400_000);

  const { sheet, asked, said } = await openFile(browser, file);
  const reader = sheet.getByRole('main');
  const target = reader.locator('[data-target="true"]');
  const topSegments = reader.getByRole('list', { name: /^What led to/ });
  await expect(target).toHaveText(explainedText);
  expect(await topSegments.getByRole('listitem').allTextContents()).toEqual(
    shown
  );
  await expect(reader.getByRole('group', { name: 'Prompt' })).toContainText(
    nasty
  );
  await expect(sheet.locator('script')).toHaveCount(2);
  await expect(sheet.locator('img')).toHaveCount(0);

  // Another target with the mouse.
  const answer = reader.getByRole('group', { name: 'Answer' });
  await answer.getByRole('button').first().click();
  await expect(target).not.toHaveText(explainedText);
  const other = (await target.textContent())!.trim();
  await expect(
    reader.getByRole('list', { name: `What led to “${other}”` })
  ).toBeVisible();
  // Method and granularity with only the keyboard, going back from the text.
  const parts = await reader.locator('[data-segment]').count();
  await sheet.keyboard.press('Shift+Tab');
  await expect(reader.getByRole('radio', { name: 'L2 norm' })).toBeFocused();
  await sheet.keyboard.press('ArrowRight');
  await expect(
    reader.getByRole('radio', { name: 'grad · input' })
  ).toBeChecked();
  await expect(reader.getByText('of salience').first()).toBeVisible();
  await sheet.keyboard.press('Shift+Tab');
  await sheet.keyboard.press('ArrowLeft');
  await expect(reader.getByRole('radio', { name: 'Words' })).toBeChecked();
  expect(await reader.locator('[data-segment]').count()).toBeGreaterThan(parts);
  await sheet.keyboard.press('Tab');
  // And back to the first target, from the text.
  await sheet.keyboard.press('Tab');
  await sheet.keyboard.press('End');
  await sheet.keyboard.press('Enter');
  await expect(
    reader.getByRole('list', { name: `What led to “${explainedText}”` })
  ).toBeVisible();

  expect(asked).toEqual([pathToFileURL(file).href]);
  // The browser would report any violation of the policy.
  expect(said).toEqual([]);
  await sheet.context().close();

  await test.step('without a notebook, an insertion says what to do', async () => {
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('docmanager:save');
      await window.jupyterapp.commands.execute('application:close-all');
    });
    await share(panel, 'Insert Run into Notebook');
    await expect(page.getByRole('dialog')).toContainText(
      'No notebook is open.'
    );
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    // The shown map stays.
    await expect(panel.target).toHaveText(explainedText);
  });
});

test('a page without scripts, copies, what to do without a clipboard, and a run in the notebook @long', async ({
  page,
  tmpPath,
  context,
  browser
}) => {
  test.slow();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { panel, notebook } = await explained(page, tmpPath);

  await test.step('without scripts a page shows the map of one target', async () => {
    const saving = page.waitForEvent('download');
    await share(panel, 'Save Run as HTML Page');
    const { sheet } = await openFile(browser, await keep(saving), false);
    const strongest = sheet.locator('[data-rank="1"]');
    await expect(strongest).toHaveText(MISTAKE);
    const colour = (element: Element) =>
      getComputedStyle(element).backgroundColor;
    const weaker = sheet.locator('[data-weight]:not([data-rank="1"])').first();
    expect(await strongest.evaluate(colour)).not.toBe(
      await weaker.evaluate(colour)
    );
    await expect(sheet.locator('.lit-ranks li')).toHaveCount(5);
    await expect(sheet.getByRole('radio')).toHaveCount(0);
    await sheet.context().close();
  });

  await test.step('a map is copied as an image, a run as JSON', async () => {
    await share(panel, 'Copy Map as Image');
    await expect(page.getByText('Copied as an image.')).toBeVisible();
    // The image is as wide as the drawing, and has several colours.
    const picture = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      const image = await createImageBitmap(await item.getType('image/png'));
      const canvas = document.createElement('canvas');
      canvas.width = image.width;
      canvas.height = image.height;
      const drawing = canvas.getContext('2d')!;
      drawing.drawImage(image, 0, 0);
      const { data } = drawing.getImageData(0, 0, image.width, image.height);
      const colours = new Set<string>();
      for (let i = 0; i < data.length; i += 4) {
        colours.add(data.slice(i, i + 3).join());
      }
      // The last row is the frame's lower edge if the image is complete.
      const last = data.slice(data.length - image.width * 2).slice(0, 3);
      return {
        width: image.width,
        height: image.height,
        colours: colours.size,
        last: [...last]
      };
    });
    expect(picture.width).toBe(1440);
    expect(picture.height).toBeGreaterThan(1000);
    expect(picture.colours).toBeGreaterThan(100);

    await share(panel, 'Copy Run as JSON');
    await expect(page.getByText('Copied as JSON')).toBeVisible();
    const run = JSON.parse(
      await page.evaluate(() => navigator.clipboard.readText())
    );
    expect(run.answer).toContain(MISTAKE);
    expect(run.prompt_tokens[0]).toMatchObject({ piece: '<bos>' });
    expect(run.scores.length).toBeGreaterThan(1);
  });

  await test.step('without a clipboard it says so, and saves a file instead', async () => {
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
    });
    for (const [name, extension] of [
      ['Copy Run as JSON', '.json'],
      ['Copy Map as Image', '.png']
    ]) {
      await share(panel, name);
      const dialog = page.getByRole('dialog');
      await expect(dialog).toContainText('This page has no clipboard');
      const saving = page.waitForEvent('download');
      await dialog.getByRole('button', { name: 'Save as file' }).click();
      const file = await keep(saving);
      expect(path.extname(file)).toBe(extension);
      expect(readFileSync(file).length).toBeGreaterThan(1000);
    }
  });

  // The next test uses the page, too.
  await context.clearPermissions();

  await test.step('a run is inserted into the notebook, stays over a reload, and is undone', async () => {
    const cells = page.locator('.jp-Notebook .jp-Cell');
    const home = page
      .locator('.jp-CodeCell')
      .filter({ hasText: 'Suggestion: Onion soup' });
    const before = await page.evaluate(
      () =>
        window.jupyterapp.shell.currentWidget!.node.querySelectorAll('.jp-Cell')
          .length
    );
    expect(before).toBeGreaterThan(3);
    await share(panel, 'Insert Run into Notebook');
    const output = page.locator('.lit-output');
    await expect(output.locator('[data-target="true"]')).toHaveText(MISTAKE);
    await expect(page.getByText(/^Inserted below cell/)).toBeVisible();
    // Directly below the prompt's cell.
    await expect(
      home.locator('xpath=following-sibling::*[1]').locator('.lit-output')
    ).toHaveCount(1);

    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('notebook:undo-cell-action');
    });
    await expect(output).toHaveCount(0);
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('notebook:redo-cell-action');
    });
    await expect(output).toBeVisible();
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('docmanager:save');
    });

    // Other programs show what is in the file.
    const saved = JSON.parse(
      await page.evaluate(async path => {
        const { contents } = window.jupyterapp.serviceManager;
        const { content } = await contents.get(path);
        return JSON.stringify(content);
      }, notebook)
    );
    const cell = saved.cells.find(
      (one: { outputs?: { data?: object }[] }) =>
        one.outputs?.[0]?.data && MIME_TYPE in one.outputs[0].data
    );
    expect(cell.execution_count).toBeNull();
    const { data } = cell.outputs[0];
    const text = (value: string | string[]) => [value].flat().join('');
    expect(text(data['text/plain'])).toContain(`What led to “${MISTAKE}”`);
    const context = await browser.newContext({
      offline: true,
      javaScriptEnabled: false
    });
    const elsewhere = await context.newPage();
    // Like sites that strip style sheets, scripts and style attributes.
    await elsewhere.setContent(
      text(data['text/html']).replace(/ style="[^"]*"/g, '')
    );
    await expect(elsewhere.getByText(`What led to “${MISTAKE}”`)).toBeVisible();
    await expect(elsewhere.getByRole('listitem').first()).toContainText('%');
    await expect(elsewhere.locator('u')).toHaveText(MISTAKE);
    await expect(elsewhere.locator('sup')).toHaveCount(3);
    const ranks = await elsewhere.locator('sup').allTextContents();
    expect(ranks.sort()).toEqual(['1', '2', '3']);
    await context.close();

    // After a reload it is drawn from the file, without the run in the panel.
    await kept(page, 'workspaces/default', /"target":\[/, PANEL_OPEN);
    await page.evaluate(() => window.location.reload());
    await expect(panel.target).toContainText(MISTAKE);
    await page.evaluate(async path => {
      await window.jupyterapp.commands.execute('docmanager:open', { path });
    }, notebook);
    await output.scrollIntoViewIfNeeded();
    const answer = output.getByRole('group', { name: 'Answer' });
    await answer.getByRole('button').first().click();
    await expect(output.locator('[data-target="true"]')).not.toHaveText(
      MISTAKE
    );
    // The output handles its keys itself: the notebook's selection stays.
    const chosen = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
    await output.getByRole('radio', { name: 'Sentences' }).focus();
    const active = await chosen.getAttribute('data-windowed-list-index');
    await page.keyboard.press('ArrowDown');
    await expect(output.getByRole('radio', { name: 'Lines' })).toBeChecked();
    expect(await chosen.getAttribute('data-windowed-list-index')).toBe(active);
    await expect(cells.first()).toBeVisible();
  });
});
