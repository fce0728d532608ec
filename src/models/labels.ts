import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  FoundModel,
  KnownModel,
  ModelInfo,
  ModelFit,
  Precision
} from '../api';
import { describeWindow } from '../session/labels';

/** A size in bytes, in decimal units, as for disks. */
export function describeBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  // Number and unit stay on one line.
  return `${value.toFixed(digits)}\u00a0${units[unit]}`;
}

/** A number of weights, such as `2.6 billion`. */
export function describeWeights(
  count: number,
  trans: TranslationBundle
): string {
  if (count >= 1e9) {
    return trans.__('%1 billion weights', (count / 1e9).toFixed(1));
  }
  if (count >= 1e6) {
    return trans.__('%1 million weights', (count / 1e6).toFixed(1));
  }
  return trans.__('%1 weights', count.toLocaleString());
}

/** A model's state, in a word or two. */
export function describeState(
  state: ModelInfo['state'],
  trans: TranslationBundle
): string {
  return {
    unloaded: trans.__('not loaded'),
    absent: trans.__('not downloaded'),
    downloading: trans.__('downloading'),
    loading: trans.__('loading'),
    ready: trans.__('loaded'),
    failed: trans.__('failed')
  }[state];
}

/** The progress of a download or of reading weights; empty if unknown. */
export function describeProgress(
  { state, download, reading }: ModelInfo,
  trans: TranslationBundle
): string {
  if (state === 'downloading' && download) {
    return download.total === null
      ? describeBytes(download.done)
      : trans.__(
          '%1 of %2',
          describeBytes(download.done),
          describeBytes(download.total)
        );
  }
  if (state === 'loading' && reading) {
    return trans.__(
      '%1 of %2, %3 of %4 tensors',
      describeBytes(reading.done),
      describeBytes(reading.total),
      reading.tensors.toLocaleString(),
      reading.tensors_total.toLocaleString()
    );
  }
  return '';
}

/** A precision's name. */
export function describePrecision(
  precision: Precision,
  trans: TranslationBundle
): string {
  return precision === 'auto' ? trans.__('automatic') : precision;
}

/** How a model could be loaded so that it fits. */
export function describeFit(fit: ModelFit, trans: TranslationBundle): string {
  return fit.max_length === null
    ? trans.__('Load in %1', fit.precision)
    : trans.__(
        'Load in %1, for %2 tokens',
        fit.precision,
        fit.max_length.toLocaleString()
      );
}

/** Facts about a model before it is downloaded. */
export function describeKnown(
  known: KnownModel,
  trans: TranslationBundle
): string[] {
  const sites = [known, ...known.elsewhere]
    .map(({ site }) => site)
    .join(trans.__(' or '));
  return [
    describeWeights(known.parameters, trans),
    known.download
      ? known.login
        ? trans.__(
            '%1 from %2, with an account',
            describeBytes(known.download),
            sites
          )
        : trans.__(
            '%1 from %2, without an account',
            describeBytes(known.download),
            sites
          )
      : trans.__('on this machine'),
    ...describeNeed(known, trans)
  ];
}

/** Facts about a model of another program. */
export function describeFound(
  found: FoundModel,
  trans: TranslationBundle
): string[] {
  return [
    found.program,
    found.family,
    ...(found.parameters ? [describeWeights(found.parameters, trans)] : []),
    found.stored,
    describeBytes(found.size),
    found.chat === null ? '' : found.chat ? trans.__('chat') : trans.__('base'),
    ...describeNeed(found, trans)
  ].filter(piece => piece !== '');
}

/** Why a model of another program can't be used. */
export function describeFault(
  found: FoundModel,
  trans: TranslationBundle
): string[] {
  return [
    found.program,
    found.size > 0 ? describeBytes(found.size) : '',
    trans.__('It %1.', found.fault)
  ].filter(piece => piece !== '');
}

/** The memory that it needs, if known. */
function describeNeed(
  {
    memory,
    precision,
    fits
  }: Pick<KnownModel, 'memory' | 'precision' | 'fits'>,
  trans: TranslationBundle
): string[] {
  if (memory === null || precision === null) {
    return [];
  }
  const needs = describeBytes(memory);
  const numbers = describePrecision(precision, trans);
  if (fits === null) {
    return [trans.__('needs up to %1 in %2', needs, numbers)];
  }
  return [
    fits
      ? trans.__('fits here: needs up to %1 in %2', needs, numbers)
      : trans.__('doesn’t fit here: needs up to %1 in %2', needs, numbers)
  ];
}

/** Facts about a model. */
export function describeModel(
  model: ModelInfo,
  trans: TranslationBundle
): string[] {
  const { parameters, size, stored, precision, device, memory, peak } = model;
  const pieces: string[] = [];
  if (parameters !== null) {
    pieces.push(describeWeights(parameters, trans));
  }
  if (size !== null) {
    pieces.push(trans.__('%1 on disk', describeBytes(size)));
  }
  if (precision !== null) {
    const numbers = describePrecision(precision, trans);
    const read = stored ? trans.__('%1, read as %2', stored, numbers) : numbers;
    pieces.push(device ? trans.__('%1 on %2', read, device) : read);
  }
  if (memory !== null) {
    pieces.push(
      peak === null
        ? trans.__('%1 of memory', describeBytes(memory))
        : trans.__(
            '%1 of memory, up to %2',
            describeBytes(memory),
            describeBytes(peak)
          )
    );
  }
  const window = describeWindow(model, trans);
  if (window !== '') {
    pieces.push(window);
  }
  return pieces;
}
