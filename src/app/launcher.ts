import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ILauncher } from '@jupyterlab/launcher';

/** JupyterLab's launcher; null where there is none: Notebook 7 doesn't even share its module. */
export async function findLauncher(
  app: Pick<JupyterFrontEnd, 'resolveOptionalService'>,
  load = () => import('@jupyterlab/launcher')
): Promise<ILauncher | null> {
  try {
    return await app.resolveOptionalService((await load()).ILauncher);
  } catch {
    return null;
  }
}
