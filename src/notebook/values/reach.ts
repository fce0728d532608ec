/** Finds the texts of a cell that are templates: those that calls fill in. */
import type { IMarker } from '../../session/source';
import { readTemplate } from '../strings/library';
import { readMarkers } from '../strings/markers';
import { MAX_PROBLEMS } from '../strings/python';
import type { IFindContext, IFoundField, IFoundText } from '../strings/types';
import { chatsOf } from './chats';
import type { IReach } from './sightings';
import type { IRun } from './run';
import { MASK } from './text';
import { stringOf } from './value';

/** The texts of cell `index`; those that calls fill in are templates. */
export function templatesOf(
  found: readonly IFoundText[],
  run: IRun,
  index: number,
  context: IFindContext
): IFoundText[] {
  const own = run.reaches.filter(
    ({ text: { whole } }) => whole?.cell === index
  );
  return chatsOf(found, run, index, context).map(text => {
    if (text.kind === 'f-string' && !text.before) {
      const reach = own.find(one => isOfFormat(one, text));
      return reach === undefined ? text : withFields(text, reach, context);
    }
    if (text.kind !== 'string') {
      return text;
    }
    const reaches = own.filter(reach => isOf(reach, text));
    return reaches.length === 0 ? text : asTemplate(text, reaches, context);
  });
}

/** Whether a call fills in just this text. */
function isOf({ text }: IReach, found: IFoundText): boolean {
  const { whole } = text;
  return (
    whole !== null &&
    found.span[0] <= whole.from &&
    whole.to <= found.span[1] &&
    stringOf(text) === found.value
  );
}

/** Whether a library's template is made of just this f-string. */
function isOfFormat(
  { text: { whole }, markers }: IReach,
  { span }: IFoundText
): boolean {
  return (
    markers === undefined &&
    whole !== null &&
    whole.from === span[0] &&
    whole.to === span[1]
  );
}

/** An f-string with a library's placeholders in it: fields of both kinds. */
function withFields(
  text: IFoundText,
  { how }: IReach,
  context: IFindContext
): IFoundText {
  let hidden = '';
  for (const { value } of text.fields) {
    const [from, to] = value;
    hidden += text.value.slice(hidden.length, from);
    hidden += MASK.repeat(to - from);
  }
  hidden += text.value.slice(hidden.length);
  const read = readTemplate({ ...text, value: hidden }, how, context);
  if (!read.isPlain || read.fields.length === 0) {
    return text;
  }
  // The fields of the f-string stand where they are hidden, as long as before.
  const fields: IFoundField[] = [...read.fields];
  let value = '';
  for (const field of text.fields) {
    const from = read.value.indexOf(MASK, value.length);
    const written = text.value.slice(...field.value);
    value += read.value.slice(value.length, from) + written;
    fields.push({ ...field, value: [from, value.length] });
  }
  value += read.value.slice(value.length);
  fields.sort((one, other) => one.value[0] - other.value[0]);
  return { ...text, value, map: read.map, fields, kind: 'template' };
}

/** A template, with the arguments of the first call that fills it in. */
function asTemplate(
  text: IFoundText,
  reaches: readonly IReach[],
  context: IFindContext
): IFoundText {
  const markers = markersOf(reaches);
  if (markers.length > 0) {
    const { fields } = readMarkers(text, markers);
    return { ...text, fields, kind: 'template', markers };
  }
  const [{ how, args }, ...others] = reaches;
  // What one of several calls leaves out, another may give.
  const open = args.open || others.length > 0;
  const { problems, isPlain, ...template } = readTemplate(text, how, context, {
    ...args,
    open
  });
  const found = [...(text.problem ? [text.problem] : []), ...problems];
  return {
    ...text,
    ...template,
    kind: isPlain ? 'template' : text.kind,
    ...(found.length > 0
      ? { problem: found.slice(0, MAX_PROBLEMS).join(' ') }
      : {})
  };
}

/** The markers of all calls, each once, in the order of the longest chain first. */
function markersOf(reaches: readonly IReach[]): IMarker[] {
  const chains = reaches.map(({ markers = [] }) => markers);
  chains.sort((one, other) => other.length - one.length);
  const all: IMarker[] = [];
  for (const marker of chains.flat()) {
    const isNew = all.every(
      one =>
        one.marker !== marker.marker &&
        (one.name !== marker.name || marker.value !== undefined)
    );
    if (isNew) {
      all.push(marker);
    }
  }
  return all;
}
