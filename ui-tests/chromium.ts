import { execFileSync } from 'child_process';

/** The first Chromium found on this machine. Undefined: Playwright's own. */
function find(): string | undefined {
  const names = [
    process.env.LIT_LAB_CHROMIUM,
    'chromium',
    'chromium-browser',
    'google-chrome'
  ];
  for (const name of names) {
    if (!name) {
      continue;
    }
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Chromium isn't here.
    }
  }
  return undefined;
}

/** The browser's launch options. It only reaches this machine, so a test that needs the network fails. */
export const chromium = {
  executablePath: find(),
  args: [
    '--no-sandbox',
    // Without a graphics card, drawing on the processor directly is quicker than emulating one.
    '--disable-gpu',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'
  ]
};
