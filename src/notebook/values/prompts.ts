/** Templates of libraries: what makes them, and what fills them in. */
import type { SyntaxNode } from '@lezer/common';

import type { Role } from '../../api';
import type { IWriting } from '../strings/library';
import { variableOf } from '../strings/python';
import type { IPassed } from './functions';
import { fillingsOf, fillTemplate, look } from './filling';
import { HARMLESS_METHODS, LIBRARIES } from './libraries';
import type { IMaker } from './libraries';
import type { Machine } from './machine';
import { messagesOf, ROLES, textOf } from './messages';
import { entriesOf, isFromCode, named } from './passed';
import { stringOf, unknown } from './value';
import type {
  IBinding,
  IExtent,
  IMessage,
  IPlace,
  ITemplateValue,
  Value
} from './value';

/** LangChain's names of ways to write placeholders. */
const FORMATS: Readonly<Record<string, IWriting>> = {
  'f-string': { syntax: 'format' },
  jinja2: { syntax: 'jinja' },
  mustache: { syntax: 'mustache' }
};

/** A template that a library's class, or a method of it, makes; null for others. */
export function makeTemplate(
  m: Machine,
  family: string,
  maker: IMaker,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const place = m.place(node.from);
  switch (maker.makes) {
    case 'environment': {
      const writing = writingOf(maker.writing!, passed);
      return writing && { ...plain(family, []), writing };
    }
    case 'placeholder': {
      const name = given(passed, ['variable_name'], true)?.value;
      const puts = {
        role: null,
        text: null,
        writing: null,
        puts: (name && stringOf(name)) ?? ''
      };
      return plain(family, [puts]);
    }
    case 'message': {
      const text = given(passed, maker.text!, maker.isFirst)?.value;
      const said = given(passed, ['role'])?.value;
      const name = said ? (stringOf(said)?.toLowerCase() ?? '') : 'user';
      const role =
        maker.role ?? (Object.hasOwn(ROLES, name) ? ROLES[name] : null);
      return plain(family, [{ role, text: textOf(text), writing: null }]);
    }
    case 'chat': {
      const names = ['messages', 'message_templates'];
      const list = given(passed, names, true)?.value;
      return makeChat(m, family, maker.writing!, list, passed, node);
    }
    case 'texts': {
      // What stands between these isn't known.
      const texts = maker.text!.flatMap(name => {
        const text = textOf(passed.keyword.get(name)?.value);
        const { writing = null } = maker;
        return text === null ? [] : [{ role: null, text, writing }];
      });
      const rest = { role: null, text: null, writing: null };
      const parts = partsOf(passed, place);
      const value = { ...plain(family, [...texts, rest]), ...parts };
      look(m, value, place);
      return value;
    }
    case 'template': {
      const inner = given(passed, maker.text!, maker.isFirst);
      if (inner?.value.type === 'template') {
        // A message's template that is made of a text's.
        const messages = inner.value.messages.map(message => ({
          ...message,
          role: maker.role ?? message.role
        }));
        return { ...inner.value, messages };
      }
      const writing = writingOf(maker.writing!, passed);
      return writing
        ? made(m, family, writing, inner, maker.role, passed, place)
        : null;
    }
    default:
      return null;
  }
}

/** A template of the text that a call gives. */
function made(
  m: Machine,
  family: string,
  writing: IWriting,
  inner: IBinding | undefined,
  role: Role | undefined,
  passed: IPassed,
  place: IPlace
): Value | null {
  const text = textOf(inner?.value);
  const message: IMessage = { role: role ?? null, text, writing };
  const value = { ...plain(family, [message]), ...partsOf(passed, place) };
  look(m, value, place);
  return text === null ? null : value;
}

/** Where a name may be of several libraries, what it is given decides of which. */
export function familyOf(
  family: string,
  name: string,
  passed: IPassed
): string | null {
  if (family !== '') {
    // LangChain's takes keywords alone.
    const isOther = name === 'PromptTemplate' && passed.positional.length > 0;
    return family === 'langchain' && isOther ? 'llama_index' : family;
  }
  const text = passed.positional[0]
    ? stringOf(passed.positional[0].value)
    : null;
  const isJinja = text !== null && /\{\{|\{%/.test(text);
  const isString = text !== null && /\$[_a-z{]/i.test(text);
  return isJinja === isString ? null : isJinja ? 'jinja2' : 'string';
}

/** Call a method of a library's class; null for those that aren't known. */
export function callClassMethod(
  m: Machine,
  family: string,
  name: string,
  method: string,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const { makers, texts, lists } = LIBRARIES[family];
  const maker = makers[name];
  if (lists.includes(method) && maker.makes === 'chat') {
    const list = given(passed, ['messages', 'message_templates'], true)?.value;
    return makeChat(m, family, maker.writing!, list, passed, node);
  }
  const isText = maker.makes === 'template' || maker.makes === 'chat';
  const writing = isText ? writingOf(maker.writing!, passed) : null;
  const place = m.place(node.from);
  return texts.includes(method) && writing !== null
    ? made(
        m,
        family,
        writing,
        given(passed, ['template'], true),
        maker.role,
        passed,
        place
      )
    : null;
}

/** Call a method of a template; null for those that aren't known. */
export function callTemplateMethod(
  m: Machine,
  template: ITemplateValue,
  method: string,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const place = m.place(node.from);
  const { family, writing } = template;
  const library = LIBRARIES[family];
  if (template.lost !== null) {
    return null;
  }
  if (writing !== undefined) {
    const inner = given(passed, ['source'], true);
    return library.texts.includes(method)
      ? made(m, family, writing, inner, undefined, NOTHING, place)
      : null;
  }
  if (HARMLESS_METHODS.test(method)) {
    return unknown('run', place);
  }
  if (!Object.hasOwn(library.methods, method)) {
    return null;
  }
  const fills = library.methods[method];
  if (fills.gives === 'template') {
    const { keyword, open } = passed;
    const filled = new Map([...template.filled, ...keyword]);
    const partial = { ...template, filled, open: template.open ?? open };
    look(m, partial, place);
    return partial;
  }
  const text = fillingsOf(template, fills, passed, place).map(filling =>
    fillTemplate(m, template, filling, place, fills.isSafe)
  );
  // They read what they are given, and no more.
  m.unknown(passed.all.filter(isFromCode), place);
  return fills.gives === 'text' && text[0] ? text[0] : unknown('run', place);
}

/** A conversation template of a list of messages. */
function makeChat(
  m: Machine,
  family: string,
  usual: IWriting,
  list: Value | undefined,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const place = m.place(node.from);
  const writing = writingOf(usual, passed);
  const isKnown =
    list?.type === 'tuple' || (list?.type === 'list' && !list.lost);
  if (!isKnown || writing === null) {
    return null;
  }
  const messages: IMessage[] = [];
  for (const one of list.items) {
    const found = messagesOf(one, writing);
    if (found === null) {
      return null;
    }
    // LlamaIndex fills in the texts of messages, too.
    const isFilled = family === 'llama_index';
    messages.push(
      ...found.map(said => (isFilled ? { ...said, writing } : said))
    );
  }
  const value = { ...plain(family, messages), ...partsOf(passed, place) };
  look(m, value, place);
  const { cell, source } = m.code;
  const call: IExtent = { cell, from: node.from, to: node.to };
  const extent = (list.type === 'list' && list.whole) || call;
  m.note(sightings =>
    sightings.chat({ extent, messages, ...variableOf(node, source) })
  );
  return value;
}

function plain(family: string, messages: readonly IMessage[]): ITemplateValue {
  return {
    type: 'template',
    family,
    messages,
    filled: new Map(),
    open: null,
    lost: null
  };
}

const NOTHING: IPassed = {
  positional: [],
  keyword: new Map(),
  open: null,
  all: []
};

/** An argument by its names, or the first. */
function given(
  { positional, keyword }: IPassed,
  names: readonly string[],
  isFirst = false
): IBinding | undefined {
  const name = names.find(each => keyword.has(each));
  return name === undefined
    ? isFirst
      ? positional[0]
      : undefined
    : keyword.get(name);
}

/** The values that a template is made with. */
function partsOf(
  { keyword, open }: IPassed,
  place: IPlace
): Pick<ITemplateValue, 'filled' | 'open'> {
  const part = keyword.get('partial_variables');
  const entries = entriesOf(part?.value);
  const isKnown = part === undefined || entries !== null;
  const filled = named(entries, part?.place ?? place);
  const renamed = ['template_var_mappings', 'function_mappings'].some(name =>
    keyword.has(name)
  );
  return {
    filled,
    open: isKnown && !renamed ? open : unknown('run', place)
  };
}

/** How a call says that placeholders are written; null where it isn't known. */
function writingOf(
  usual: IWriting,
  { keyword, open }: IPassed
): IWriting | null {
  const format = keyword.get('template_format');
  if (format !== undefined) {
    const name = stringOf(format.value);
    return name !== null && Object.hasOwn(FORMATS, name) ? FORMATS[name] : null;
  }
  if (usual.syntax !== 'jinja') {
    return usual;
  }
  if (open !== null) {
    return null;
  }
  let writing = usual;
  for (const [name, { value }] of keyword) {
    const isOff = value.type === 'bool' && !value.value;
    if (name === 'undefined') {
      writing = { ...writing, isStrict: true };
    } else if (name === 'autoescape') {
      writing = { ...writing, mayEscape: !isOff };
    } else if (name === 'keep_trailing_newline') {
      if (value.type !== 'bool') {
        return null;
      }
      writing = { ...writing, keepsEnd: value.value };
    } else if (/_(string|prefix|sequence)$|^finalize$/.test(name)) {
      return null;
    }
  }
  return writing;
}
