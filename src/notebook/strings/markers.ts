/**
 * Markers: stretches of a text that `.replace` puts values in the place of, such
 * as `{{TEXT}}`, `<text>` or `QUESTION`.
 */
import type { IMapped } from '../../session/mapped';
import type { IMarker } from '../../session/source';
import type { IFormatted } from './format';
import type { IFoundField } from './types';

/** A word between signs, or behind one: `{{TEXT}}`, `<text>`, `[text]`, `$TEXT`, `%text%`. */
const SIGNED =
  /^([{}[\]<>()_%#$@~|*«»]{1,6})\s*([\p{L}_][\p{L}\p{N}_ .-]*?)\s*([{}[\]<>()_%#$@~|*«»]{0,6})$/u;

/** A word in capitals: `QUESTION`, `INPUT_TEXT`. */
const CAPITALS = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;

/** Signs that what surrounds a word need not close. */
const ALONE = /^[$@#%]/;

/** What a marker is called; null for text that isn't one. */
export function markerName(text: string): string | null {
  if (text.length > 100) {
    return null;
  }
  if (CAPITALS.test(text)) {
    return text.length > 1 ? text : null;
  }
  const match = SIGNED.exec(text);
  return match === null || (match[3] === '' && !ALONE.test(text))
    ? null
    : match[2];
}

/** Whether replacing a marker by a literal reads as filling in, not as cleaning up. */
export function isFilling(marker: string, inserted: string): boolean {
  return (
    inserted.trim() !== '' &&
    markerName(inserted) !== markerName(marker) &&
    !CAPITALS.test(marker) &&
    (/^[{$%]/.test(marker) || marker === marker.toUpperCase())
  );
}

/** The fields of a text whose markers are replaced one after the other. */
export function readMarkers(
  text: IMapped,
  markers: readonly IMarker[]
): IFormatted {
  const fields: IFoundField[] = [];
  const isTaken = (from: number, to: number) =>
    fields.some(({ value: [start, end] }) => from < end && start < to);
  for (const { name, marker, value: fixed, count = Infinity } of markers) {
    let left = fixed === undefined ? count : 0;
    let at = text.value.indexOf(marker);
    for (; at !== -1 && left > 0; left--) {
      const end = at + marker.length;
      if (!isTaken(at, end)) {
        fields.push({
          name,
          expression: marker,
          value: [at, end],
          wanted: null,
          format: ''
        });
      }
      at = text.value.indexOf(marker, end);
    }
  }
  fields.sort((one, other) => one.value[0] - other.value[0]);
  return { value: text.value, map: text.map, fields, problems: [] };
}
