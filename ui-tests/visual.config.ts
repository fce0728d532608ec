/** Compares pictures of the panel with those in `visual/pictures`: `make visual`. Not part of `make test`. */
import looks from './looks.config';

export default {
  ...looks,
  testDir: 'visual',
  // The specs need the open server only, and one of their own.
  webServer: looks.webServer.slice(0, 1),
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  // A picture that is missing is a fault: it is written only by `make visual-update`.
  updateSnapshots: 'none' as const,
  expect: {
    ...looks.expect,
    toHaveScreenshot: {
      animations: 'disabled' as const,
      caret: 'hide' as const,
      scale: 'css' as const,
      // How much one pixel may differ: what smooths a letter's edge differs by less.
      threshold: 0.2,
      // How many pixels may: a control that moves by one of them changes more.
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
