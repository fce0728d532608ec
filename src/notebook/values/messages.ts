/** Messages of conversation templates, and sums of templates. */
import type { Role } from '../../api';
import type { IWriting } from '../strings/library';
import { look } from './filling';
import type { Machine } from './machine';
import { entriesOf } from './passed';
import { stringOf } from './value';
import type {
  IMessage,
  IPlace,
  ITemplateValue,
  ITextValue,
  Value
} from './value';

/** Roles as lists of messages name them. */
export const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'model',
  ai: 'model',
  model: 'model'
};

/** The messages that an item of such a list stands for; null where it isn't known. */
export function messagesOf(value: Value, writing: IWriting): IMessage[] | null {
  if (value.type === 'text') {
    return [{ role: 'user', text: value, writing }];
  }
  if (value.type === 'template') {
    return value.filled.size > 0 ? null : [...value.messages];
  }
  const pair =
    value.type === 'tuple'
      ? value.items
      : ['role', 'content'].map(
          key => entriesOf(value)?.get(`s${key}`)?.[1] ?? null
        );
  const [who, what] = pair;
  const role = who && stringOf(who)?.toLowerCase();
  if (pair.length !== 2 || !role || !what) {
    return null;
  }
  if (role === 'placeholder') {
    const puts = /^\{(.*)\}$/s.exec(stringOf(what) ?? '')?.[1];
    return puts === undefined
      ? null
      : [{ role: null, text: null, writing: null, puts }];
  }
  return Object.hasOwn(ROLES, role)
    ? [{ role: ROLES[role], text: contentOf(what), writing }]
    : null;
}

/** The text of a value; null for others. */
export function textOf(value: Value | undefined): ITextValue | null {
  return value?.type === 'text' ? value : null;
}

/** The text of a message: one, or the only part of a list. */
function contentOf(value: Value): ITextValue | null {
  if (value.type === 'list' && !value.lost && value.items.length === 1) {
    const [part] = value.items;
    return textOf(entriesOf(part)?.get('stext')?.[1] ?? part);
  }
  return textOf(value);
}

/** `template + text`, and `template + template`; null for others. */
export function addTemplates(
  m: Machine,
  left: Value,
  right: Value,
  place: IPlace
): Value | null {
  const [one] = [left, right].filter(value => value.type === 'template');
  if (one?.type !== 'template' || one.family !== 'langchain') {
    return null;
  }
  const [first] = one.messages;
  const isChat = first === undefined || first.role !== null;
  const writing = first?.writing ?? { syntax: 'format' };
  const messages = [left, right].map((value): readonly IMessage[] | null =>
    value.type === 'template' && value.lost === null
      ? value.messages
      : value.type === 'text'
        ? [{ role: isChat ? 'user' : null, text: value, writing }]
        : null
  );
  if (messages.includes(null)) {
    return null;
  }
  const filled = [left, right].flatMap(value =>
    value.type === 'template' ? [...value.filled] : []
  );
  const sum: ITemplateValue = {
    ...one,
    messages: messages.flatMap(all => all ?? []),
    filled: new Map(filled)
  };
  look(m, sum, place);
  return sum;
}
