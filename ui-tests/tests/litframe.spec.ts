/** The attempts of a script injected into LIT's page to send away what LIT shows. */
import * as http from 'http';
import type { AddressInfo } from 'net';
import { expect, test } from '@playwright/test';
import type { FrameLocator, Page } from '@playwright/test';

import { secure } from '../servers';
import { choose, COLD, workspaceOf } from './lab';

/** The model service starts, and then LIT. */
const PATIENCE = 2 * COLD;

const DOCS = 'https://pair-code.github.io/lit/documentation/';

test.use({ baseURL: secure.url });

/** Another server, and the requests that it received. */
const asked: string[] = [];
const server = http.createServer((request, response) => {
  asked.push(request.url!);
  response.setHeader('Content-Type', 'text/html');
  response.end('<p>Elsewhere</p>');
});
let elsewhere = '';

test.beforeAll(async () => {
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

test.afterAll(async () => {
  server.closeAllConnections();
  await new Promise(closed => server.close(closed));
});

function lit(page: Page): FrameLocator {
  return page
    .frameLocator('iframe[title="LIT"]')
    .frameLocator('iframe[title="LIT"]');
}

/** The frame that LIT runs in. */
function frameOf(page: Page) {
  return page.frames().find(one => one.url().includes('/lit/page'))!;
}

async function open(page: Page, workspace: string): Promise<void> {
  await page.goto(`/api/status?token=${secure.token}`);
  await page.goto(`/lab/workspaces/${workspaceOf(workspace)}`);
  await expect(page.locator('#jp-main-dock-panel')).toBeVisible({
    timeout: COLD
  });
  const tab = page.getByRole('main').locator('.lit-app');
  await choose(page, 'Open in LIT Three', 'Three Panels', tab);
  await expect(lit(page).getByText('Embeddings').first()).toBeVisible({
    timeout: PATIENCE
  });
}

/** Put a link into LIT's page where nothing covers it, and where LIT's bridge doesn't see clicks. */
async function plant(page: Page, attributes: Record<string, string>) {
  await frameOf(page).evaluate(attributes => {
    document.getElementById('planted')?.remove();
    const link = document.createElement('a');
    link.id = 'planted';
    link.textContent = 'Planted';
    link.style.cssText = 'position: fixed; top: 0; left: 0; z-index: 99999';
    for (const [name, value] of Object.entries(attributes)) {
      link.setAttribute(name, value);
    }
    link.addEventListener('click', event => event.stopPropagation());
    document.body.append(link);
  }, attributes);
  return lit(page).locator('#planted');
}

test('LIT’s page gets nowhere, by no way, and what it shows with it @long', async ({
  page,
  context
}) => {
  test.slow();
  await open(page, 'lit-frame');

  await test.step('it gets nowhere, by no way', async () => {
    const opened: string[] = [];
    context.on('page', other => opened.push(other.url()));
    const tab = page.getByRole('main').locator('.lit-app');
    const alert = tab.getByRole('alert');
    asked.length = 0;

    // In the same window or another one, nothing happens.
    const kinds = await frameOf(page).evaluate(async url => {
      const settled = (start: (done: (what: string) => void) => void) =>
        new Promise<string>(start);
      const kinds: Record<string, string> = {};
      kinds.open = String(window.open(`${url}/open`));
      kinds.image = await settled(done => {
        const image = new Image();
        image.onload = () => done('loaded');
        image.onerror = () => done('refused');
        image.src = `${url}/image`;
      });
      kinds.request = await settled(done => {
        // Not with `fetch`, which LIT's bridge replaces.
        const request = new XMLHttpRequest();
        request.open('GET', `${url}/request`);
        request.onload = () => done('loaded');
        request.onerror = () => done('refused');
        request.send();
      });
      for (const part of ['parent', 'top'] as const) {
        try {
          window[part]!.location.href = `${url}/${part}`;
          kinds[part] = 'led';
        } catch (reason) {
          kinds[part] = (reason as Error).name;
        }
      }
      const form = document.createElement('form');
      form.action = `${url}/form`;
      document.body.append(form);
      form.submit();
      return kinds;
    }, elsewhere);
    expect(kinds).toEqual({
      open: 'null',
      image: 'refused',
      request: 'refused',
      parent: 'SecurityError',
      top: 'SecurityError'
    });
    for (const target of ['_blank', '_parent', '_top', 'somewhere']) {
      const href = `${elsewhere}/anchor${target}`;
      await (await plant(page, { href, target })).click();
    }
    await expect(lit(page).locator('lit-modules')).toBeVisible();
    await expect(alert).toHaveCount(0);

    // In its own frame, LIT disappears. The tab says so, and can open it again.
    const ways: Record<string, () => Promise<void>> = {
      location: () =>
        frameOf(page).evaluate(url => {
          location.href = `${url}/location`;
        }, elsewhere),
      replace: () =>
        frameOf(page).evaluate(
          url => location.replace(`${url}/replace`),
          elsewhere
        ),
      refresh: () =>
        frameOf(page).evaluate(url => {
          const meta = document.createElement('meta');
          meta.httpEquiv = 'refresh';
          meta.content = `0; url=${url}/refresh`;
          document.head.append(meta);
        }, elsewhere),
      anchor: async () =>
        (await plant(page, { href: `${elsewhere}/anchor` })).click(),
      download: async () =>
        (
          await plant(page, { href: `${elsewhere}/download`, download: 'x' })
        ).click()
    };
    for (const [way, leave] of Object.entries(ways)) {
      await leave();
      await expect(alert, way).toContainText('LIT was closed');
      await tab.getByRole('button', { name: 'Retry' }).click();
      await expect(lit(page).locator('lit-modules')).toBeVisible({
        timeout: PATIENCE
      });
      await expect(alert).toHaveCount(0);
    }

    // Only the last request arrives at the other server.
    await page.evaluate(
      url => fetch(`${url}/last`, { mode: 'no-cors' }).then(() => undefined),
      elsewhere
    );
    expect(asked).toEqual(['/last']);
    expect(opened).toEqual([]);
  });

  await test.step('links to LIT’s documentation open beside, other links don’t, and files are saved', async () => {
    const referrers: (string | undefined)[] = [];
    await context.route(`${DOCS}**`, route => {
      referrers.push(route.request().headers().referer);
      return route.fulfill({ body: 'Documentation' });
    });

    const opening = context.waitForEvent('page');
    // Not with the mouse: a notification of JupyterLab covers that corner.
    await lit(page).locator(`a[href="${DOCS}"]`).first().press('Enter');
    const docs = await opening;
    await expect(docs.getByText('Documentation')).toBeVisible();
    expect(docs.url()).toBe(DOCS);
    expect(referrers).toEqual([undefined]);
    expect(await docs.evaluate(() => window.opener)).toBeNull();
    await docs.close();
    await page.bringToFront();

    // The same link with text in its address.
    await frameOf(page).evaluate(url => {
      const link = document.createElement('a');
      link.href = `${url}?prompt=secret`;
      link.textContent = 'More';
      link.style.cssText = 'position: fixed; top: 0; left: 0; z-index: 99999';
      document.body.append(link);
    }, DOCS);
    await lit(page).getByText('More', { exact: true }).click();
    await expect(
      page.getByText('only links to LIT’s own documentation open')
    ).toBeVisible();
    expect(context.pages()).toEqual([page]);

    // The way in which LIT saves its table.
    const saving = page.waitForEvent('download');
    await frameOf(page).evaluate(() => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(['a,b'], { type: 'text/csv' }));
      link.download = 'table.csv';
      document.body.append(link);
      link.click();
    });
    expect((await saving).suggestedFilename()).toBe('table.csv');
  });
});
