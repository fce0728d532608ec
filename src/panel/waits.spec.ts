import { nullTranslator } from '@jupyterlab/translation';

import type { ServiceStatus } from '../api';
import { describeWait } from './waits';

const trans = nullTranslator.load('lit_lab');

const service = (
  state: ServiceStatus['state'],
  detail: string
): ServiceStatus => ({
  state,
  detail,
  hint: '',
  since: 0,
  pid: 1,
  restarts: 0,
  version: null
});

describe('panel/waits', () => {
  it('tells what the steps of a starting service lead to', () => {
    const starting = service('starting', 'Importing Keras…');
    expect(describeWait('Importing Keras…', starting, trans)).toBe(
      'Starting the model service: importing Keras…'
    );
    expect(describeWait('', service('starting', ''), trans)).toBe(
      'Starting the model service…'
    );
  });

  it('leaves other sentences as they are', () => {
    const again = 'The model service ended. Starting it again…';
    expect(describeWait(again, service('starting', again), trans)).toBe(again);
    const asking = 'Asking the Jupyter server';
    const starting = service('starting', 'Importing Keras…');
    expect(describeWait(asking, starting, trans)).toBe(asking);
    const ready = service('ready', '');
    expect(describeWait('Loading demo…', ready, trans)).toBe('Loading demo…');
  });
});
