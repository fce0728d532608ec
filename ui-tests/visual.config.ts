/**
 * Compares pictures of the panel with those in `visual/pictures`, or in the folder `LIT_LAB_PICTURES`: `make visual` and
 * `make visual-against`. Not part of `make test`.
 */
import looks from './looks.config';

export default {
  ...looks,
  testDir: 'visual',
  // The specs only need the open server, and their own.
  webServer: looks.webServer.slice(0, 1),
  snapshotPathTemplate: `${process.env.LIT_LAB_PICTURES ?? '{testDir}/pictures'}/{arg}{ext}`,
  // A missing picture is a failure: only `make visual-update` writes pictures.
  updateSnapshots: 'none' as const,
  expect: {
    ...looks.expect,
    toHaveScreenshot: {
      animations: 'disabled' as const,
      caret: 'hide' as const,
      scale: 'css' as const,
      // How much a pixel may differ: antialiasing of letters differs by less.
      threshold: 0.2,
      // How many pixels may differ: a control that moves by one pixel changes more.
      maxDiffPixels: 60
    }
  },
  use: {
    ...looks.use,
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: 1,
    locale: 'en-US',
    timezoneId: 'UTC'
  }
};
