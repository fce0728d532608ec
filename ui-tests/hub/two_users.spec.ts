/** Users of a JupyterHub, each in a browser: they share the model service, and see nothing of each other. */
import { expect, test } from '@playwright/test';
import type { Browser, BrowserContext, Page } from '@playwright/test';

import { occupy } from '../tests/busy';
import { ADVICE, analyzeAt, COLD, line, Panel } from '../tests/lab';

interface IUser {
  name: string;
  context: BrowserContext;
  page: Page;
  panel: Panel;
}

/** A user who has signed in, and analyzes the tutorial's prompt. */
async function signedIn(browser: Browser, name: string): Promise<IUser> {
  const context = await browser.newContext();
  const page = await context.newPage();
  // JupyterLab's question to new users about its news covers the panel's lower end.
  await page.addLocatorHandler(
    page.getByText('Would you like to get notified'),
    () => page.getByRole('button', { name: 'No', exact: true }).click()
  );
  const next = encodeURIComponent(
    `/user/${name}/lab/tree/prompt_debugging.ipynb`
  );
  await page.goto(`/hub/login?next=${next}`);
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Password').fill('any');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await expect(panel.run).toBeVisible();
  return { name, context, page, panel };
}

/** Ask with another value of a variable, which tells the users' runs apart. */
async function askWith({ panel }: IUser, dislikes: string): Promise<void> {
  await panel.variable('food_dislikes').fill(dislikes);
  await panel.ask();
}

/** The header by which a user's server knows that its own page asks. */
async function xsrf({ context, name }: IUser): Promise<Record<string, string>> {
  const cookie = (await context.cookies()).find(
    one => one.name === '_xsrf' && one.path === `/user/${name}/`
  );
  return { 'X-XSRFToken': cookie!.value };
}

/** The ids of a user's jobs. */
async function jobs({ name, page }: IUser): Promise<string[]> {
  const reply = await page.request.get(`/user/${name}/lit-lab/api/jobs`);
  expect(reply.ok()).toBe(true);
  const { jobs } = await reply.json();
  return jobs.map((job: { id: string }) => job.id);
}

/** The prompts of a user's runs. */
async function prompts(user: IUser): Promise<string> {
  const reply = await user.page.request.post(
    `/user/${user.name}/lit-lab/api/runs/search`,
    { data: {}, headers: await xsrf(user) }
  );
  expect(reply.status()).toBe(200);
  return JSON.stringify(await reply.json());
}

test('two users are answered at once, and see nothing of each other; one without the scope reads which', async ({
  browser
}) => {
  test.slow();
  const ada = await signedIn(browser, 'ada');
  const bob = await signedIn(browser, 'bob');
  const both = [ada, bob];

  await test.step('both get an answer and its map', async () => {
    await Promise.all(
      both.map(async ({ panel }) => {
        await panel.generate(ADVICE);
        await panel.explain(ADVICE);
      })
    );
    for (const { panel } of both) {
      await expect(panel.topSegments).toContainText('You have to try it.');
    }
  });

  await test.step('runs, and jobs that wait or have ended, are each one’s own', async () => {
    const named = new Map([
      [ada, 'No mushrooms'],
      [bob, 'Hates fish']
    ]);
    await Promise.all(both.map(user => askWith(user, named.get(user)!)));
    await Promise.all(both.map(({ panel }) => panel.answered(/./)));
    const [mine, theirs] = await Promise.all(both.map(jobs));
    expect(mine.length).toBeGreaterThan(0);
    expect(theirs.length).toBeGreaterThan(0);
    expect(mine.filter(id => theirs.includes(id))).toEqual([]);
    for (const [user, other] of [both, [...both].reverse()]) {
      await expect.poll(() => prompts(user)).toContain(named.get(user)!);
      expect(await prompts(user)).not.toContain(named.get(other)!);
      await user.panel.show('History');
      await expect(user.page.locator('body')).not.toContainText(
        named.get(other)!
      );
      await user.panel.show('Analysis');
      // Nor can it be opened by its name.
      const [theirJob] = await jobs(other);
      const reply = await user.page.request.get(
        `/user/${user.name}/lit-lab/api/jobs/${theirJob}`
      );
      expect(reply.status()).toBe(404);
    }
  });

  await test.step('a user without the scope reads which, and nobody else does', async () => {
    const eve = await signedIn(browser, 'eve');
    await expect(eve.panel.alert).toContainText(
      'access:services!service=lit-lab',
      { timeout: COLD }
    );
    await expect(eve.panel.prompt).toHaveValue(/Suggestion: Onion soup/);
    for (const { panel } of both) {
      await expect(panel.alert).toHaveCount(0);
    }
    await eve.context.close();
  });

  await test.step('one’s long jobs hold nobody else up, and nobody sees them wait', async () => {
    const base = '/user/ada/';
    const headers = await xsrf(ada);
    const long: string[] = [];
    for (let n = 0; n < 4; n++) {
      long.push(await occupy(ada.page.request, base, headers));
    }
    await askWith(bob, 'Bread');
    await bob.panel.answered(/./);
    expect((await jobs(bob)).filter(id => long.includes(id))).toEqual([]);
    await expect(bob.page.locator('body')).not.toContainText('position');
    for (const id of long) {
      await ada.page.request.delete(`${base}lit-lab/api/jobs/${id}`, {
        headers
      });
    }
  });
  await Promise.all(both.map(({ context }) => context.close()));
});
