import type { TranslationBundle } from '@jupyterlab/translation';

import type { ServiceStatus } from '../api';

/**
 * What is being waited for, in a sentence: the steps of a service that starts
 * would say little without what they lead to.
 *
 * @param step - what is being done, as server or service word it.
 */
export function describeWait(
  step: string,
  service: ServiceStatus | null,
  trans: TranslationBundle
): string {
  if (service?.state !== 'starting') {
    return step;
  }
  if (step === '') {
    return trans.__('Starting the model service…');
  }
  // The server's own words, such as why it starts once more.
  if (step !== service.detail || /starting/i.test(step)) {
    return step;
  }
  return trans.__(
    'Starting the model service: %1',
    step.charAt(0).toLowerCase() + step.slice(1)
  );
}
