/** Fills libraries' templates in with the arguments of calls. */
import { ANY, readTemplate } from '../strings/library';
import type { IPassed } from './functions';
import type { IFills } from './libraries';
import type { Machine } from './machine';
import { entriesOf, named } from './passed';
import type { IFilling } from './templates';
import { masked } from './text';
import { stringOf, unknown } from './value';
import type { IBinding, IPlace, ITemplateValue, ITextValue } from './value';
import { SILENT } from './walk';
import { fillWritten } from './written';

/** What a method gives a template, each time that it fills it in. */
export function fillingsOf(
  template: ITemplateValue,
  { takes }: IFills,
  passed: IPassed,
  place: IPlace
): IFilling[] {
  const { keyword, positional, open } = passed;
  const [first] = positional;
  switch (takes) {
    case 'keywords':
      return [{ positional: [], keyword, open }];
    case 'mappings': {
      const known = positional.map(({ value }) => entriesOf(value));
      const isKnown = !known.includes(null);
      const all = known.map((entries, index) =>
        named(entries, positional[index].place)
      );
      return [
        {
          positional: [],
          keyword: new Map([...all.flatMap(one => [...one]), ...keyword]),
          open: open ?? (isKnown ? null : unknown('run', place))
        }
      ];
    }
    case 'variables': {
      const other = positional.length > 0 || keyword.has('template');
      const more = keyword.get('template_variables');
      const entries = entriesOf(more?.value);
      const isKnown = more === undefined || entries !== null;
      const values = named(entries, more?.place ?? place);
      return other
        ? []
        : [
            {
              positional: [],
              keyword: new Map([...keyword, ...values]),
              open: open ?? (isKnown ? null : unknown('run', place))
            }
          ];
    }
    case 'input':
      return [inputOf(template, first ?? keyword.get('input'), place)];
    case 'inputs': {
      const list = first?.value;
      return list?.type === 'list' && !list.lost
        ? list.items.map(value =>
            inputOf(template, { value, place: first.place }, place)
          )
        : [inputOf(template, undefined, place)];
    }
  }
}

/** What one input gives: a dictionary's entries, or the value of the only name. */
export function inputOf(
  template: ITemplateValue,
  input: IBinding | undefined,
  place: IPlace
): IFilling {
  const value = input?.value ?? unknown('run', place);
  if (value.type === 'dict' || value.type === 'unknown') {
    const entries = entriesOf(value);
    return {
      positional: [],
      keyword: named(entries, input?.place ?? place),
      open: entries === null ? unknown('run', place) : null
    };
  }
  const names = namesOf(template);
  const isOne = names.size === 1 && input !== undefined;
  return {
    positional: [],
    keyword: new Map(isOne ? [[[...names][0], input]] : []),
    open: isOne ? null : unknown('run', place)
  };
}

/** Names that a template has no value for yet. */
function namesOf({ messages, filled }: ITemplateValue): Set<string> {
  const names = new Set<string>();
  for (const { text, writing, puts } of messages) {
    if (puts !== undefined) {
      names.add(puts);
    } else if (text !== null && writing !== null) {
      const value = stringOf(masked(text))!;
      readTemplate({ value, map: [] }, writing, SILENT_CONTEXT).fields.forEach(
        ({ name }) => names.add(/^[^.[!:]*/.exec(name)![0])
      );
    }
  }
  filled.forEach((_, name) => names.delete(name));
  return names;
}

/**
 * Fill a template in, and record its fields' values. Returns its text, or null.
 */
export function fillTemplate(
  m: Machine,
  template: ITemplateValue,
  filling: IFilling,
  place: IPlace,
  isSafe = false
): ITextValue | null {
  const { messages, filled } = template;
  const keyword = new Map([...filled, ...filling.keyword]);
  const open = filling.open ?? template.open;
  let whole: ITextValue | null = null;
  for (const { text, writing } of messages) {
    if (text === null || writing === null) {
      continue;
    }
    const how = { ...writing, isLenient: isSafe };
    const all = { positional: [], keyword, open };
    const { value, fields } = fillWritten(masked(text), how, all, place);
    m.note(sightings => sightings.reach({ how, text, args: ANY }));
    for (const field of fields) {
      if (field.place !== null) {
        m.seeAt(`${field.place.cell}:${field.place.at}`, field.binding);
      }
    }
    whole = stringOf(text) === null ? null : value;
  }
  return messages.length === 1 && messages[0].role === null ? whole : null;
}

/** Record the texts of a template, for fields that no call fills in. */
export function look(
  m: Machine,
  template: ITemplateValue,
  place: IPlace
): void {
  const { messages, filled, open } = template;
  for (const { text, writing } of messages) {
    if (text === null || writing === null) {
      continue;
    }
    m.note(sightings => sightings.reach({ how: writing, text, args: ANY }));
    const lost = open ?? unknown('unfilled', place);
    const filling = { positional: [], keyword: filled, open: lost };
    const { fields } = fillWritten(masked(text), writing, filling, place);
    for (const field of fields) {
      if (field.place !== null) {
        const key = `${field.place.cell}:${field.place.at}`;
        m.note(sightings => sightings.assume(key, field.binding));
      }
    }
  }
}

const SILENT_CONTEXT = { lookup: () => null, trans: SILENT };
