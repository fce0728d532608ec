import type { ILauncher } from '@jupyterlab/launcher';

import { findLauncher } from './launcher';

describe('app/launcher', () => {
  const launcher = {} as ILauncher;
  const app = { resolveOptionalService: async () => launcher as never };

  it('is found where the shell has one', async () => {
    expect(await findLauncher(app)).toBe(launcher);
  });

  it('is none where the shell shares no such module', async () => {
    const load = () => Promise.reject(new Error('Shared module is missing.'));
    expect(await findLauncher(app, load)).toBeNull();
  });
});
