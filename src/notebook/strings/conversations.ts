/**
 * Lists of messages in a Python source: conversations, whose texts are literals.
 *
 * OpenAI's and Hugging Face's dictionaries of role and content, Gemini's
 * `types.Content` and dictionaries with `parts`, LangChain's tuples and message
 * classes, and `instructions=` beside `input=`.
 */
import type { SyntaxNode, Tree } from '@lezer/common';

import type { Role } from '../../api';
import { MappedBuilder } from '../../session/mapped';
import { headOf } from '../../session/conversation';
import type { ITurnSpan } from '../../session/source';
import { bounded } from '../values/meter';
import { childrenOf, evaluate, isExpression } from './evaluate';
import type { IText } from './evaluate';
import { cellMagic } from './magics';
import { atOnce } from './pieces';
import type { Work } from './pieces';
import { MAX_PROBLEMS, variableOf } from './python';
import type { IFindContext, IFoundField, IFoundText } from './types';
import { visiting } from './visit';

/** The server's limit on the turns of a conversation. */
const MAX_TURNS = 1_000;

/** Limit on the cost of reading one, in units of about 20 ns. */
const MAX_COST = 1_000_000;

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'model',
  model: 'model',
  ai: 'model'
};

/** LangChain's classes of messages. */
const CLASSES: Readonly<Record<string, Role>> = {
  SystemMessage: 'system',
  HumanMessage: 'user',
  AIMessage: 'model'
};

/** What a call's keywords say beside a list of messages, or a text of the user's. */
const INSTRUCTIONS = ['instructions', 'system', 'system_instruction'];
const INPUTS = ['input', 'messages', 'contents'];

/** A turn, as it is written. */
export interface ISaid {
  readonly role: Role;
  readonly text: IText;
}

/** A named part of a dictionary or of a call. */
type Named = ReadonlyMap<string, SyntaxNode>;

/**
 * Find the conversations of a Python source, in order.
 *
 * @param composed - the text that an expression makes of literals and fields.
 */
export function findConversations(
  source: string,
  context: IFindContext,
  tree: Tree,
  composed: (node: SyntaxNode) => IText | null = () => null
): IFoundText[] {
  return atOnce(findingConversations(source, context, tree, composed));
}

/** `findConversations` in pieces. */
export function* findingConversations(
  source: string,
  context: IFindContext,
  tree: Tree,
  composed: (node: SyntaxNode) => IText | null = () => null
): Work<IFoundText[]> {
  const found: IFoundText[] = [];
  if (cellMagic(source)?.holds === 'text') {
    return found;
  }
  yield* visiting(tree.topNode, cursor => {
    const { name } = cursor;
    if (name !== 'ArrayExpression' && name !== 'CallExpression') {
      return name !== 'String';
    }
    const { node } = cursor;
    const said = bounded(
      MAX_COST,
      () => (name === 'ArrayExpression' ? messages(node) : callOf(node)),
      () => null
    );
    if (said === null || !said.some(({ role }) => role === 'user')) {
      return true;
    }
    found.push({
      ...joined(said),
      span: [node.from, node.to],
      ...variableOf(node, source)
    });
    return false;
  });
  return found;

  function textAt(node: SyntaxNode): string {
    return source.slice(node.from, node.to);
  }

  /** The messages of a list; null where one of its items is something else. */
  function messages(list: SyntaxNode): ISaid[] | null {
    const items = itemsOf(list);
    if (items.length === 0 || items.length > MAX_TURNS) {
      return null;
    }
    const said: ISaid[] = [];
    for (const item of items) {
      const turn = message(item);
      if (turn === null) {
        return null;
      }
      said.push(turn);
    }
    return said;
  }

  function message(node: SyntaxNode): ISaid | null {
    switch (node.name) {
      case 'DictionaryExpression': {
        const fields = entriesOf(node);
        const content = fields.get('content') ?? fields.get('parts');
        return saidBy(fields.get('role'), content);
      }
      case 'TupleExpression': {
        const items = itemsOf(node);
        return items.length === 2 ? saidBy(items[0], items[1]) : null;
      }
      case 'CallExpression':
        return messageCall(node);
      default:
        return null;
    }
  }

  /** `types.Content(role=…, parts=[…])`, `HumanMessage(…)`. */
  function messageCall(node: SyntaxNode): ISaid | null {
    const { callee, keywords, positional } = callParts(node);
    if (callee === 'Content') {
      return saidBy(keywords.get('role'), keywords.get('parts'));
    }
    if (!Object.hasOwn(CLASSES, callee)) {
      return null;
    }
    const content = keywords.get('content') ?? positional[0];
    const text = content && contentOf(content);
    return text ? { role: CLASSES[callee], text } : null;
  }

  function saidBy(
    who: SyntaxNode | undefined,
    what: SyntaxNode | undefined
  ): ISaid | null {
    const role = who && literal(who)?.toLowerCase();
    const text = what && contentOf(what);
    return role && text && Object.hasOwn(ROLES, role)
      ? { role: ROLES[role], text }
      : null;
  }

  /** A call with instructions beside what the user says. */
  function callOf(node: SyntaxNode): ISaid[] | null {
    const { keywords } = callParts(node);
    const instructions = firstOf(keywords, INSTRUCTIONS);
    const input = firstOf(keywords, INPUTS);
    const system = instructions && contentOf(instructions);
    if (!system || !input) {
      return null;
    }
    const before: ISaid = { role: 'system', text: system };
    const text = input.name === 'ArrayExpression' ? null : contentOf(input);
    if (text) {
      return [before, { role: 'user', text }];
    }
    const rest = messages(input);
    return rest && [before, ...rest];
  }

  /** The text of a message: of a literal, of a name as a field, or of parts. */
  function contentOf(node: SyntaxNode): IText | null {
    if (node.name === 'VariableName') {
      return composed(node) ?? nameAsField(node);
    }
    if (node.name === 'ArrayExpression') {
      const parts = itemsOf(node);
      const part = parts.length === 1 ? partOf(parts[0]) : null;
      return part && contentOf(part);
    }
    const text = evaluate(node, source, context);
    // Steps that wait until its fields are filled can't be taken within others.
    return text === null || text.before ? composed(node) : text;
  }

  /** What stands for the text in a message's part. */
  function partOf(node: SyntaxNode): SyntaxNode | null {
    switch (node.name) {
      case 'DictionaryExpression':
        return entriesOf(node).get('text') ?? null;
      case 'CallExpression': {
        const { keywords, positional } = callParts(node);
        return keywords.get('text') ?? positional[0] ?? null;
      }
      default:
        return node.name === 'ArrayExpression' ? null : node;
    }
  }

  function nameAsField(node: SyntaxNode): IText {
    const name = textAt(node);
    const builder = new MappedBuilder();
    const value = `{${name}}`;
    builder.push(value, [node.from, node.to]);
    const field: IFoundField = {
      name,
      expression: name,
      wanted: name,
      format: '',
      value: [0, value.length]
    };
    return {
      kind: 'string',
      ...builder.build(),
      fields: [field],
      problems: []
    };
  }

  /** A text without fields; undefined where it isn't known. */
  function literal(node: SyntaxNode): string | undefined {
    const text = evaluate(node, source, context);
    return text === null || text.fields.length > 0 ? undefined : text.value;
  }

  /** A dictionary's values by their names. */
  function entriesOf(node: SyntaxNode): Named {
    const entries = new Map<string, SyntaxNode>();
    let key: string | undefined;
    for (const child of childrenOf(node).filter(isExpression)) {
      if (key === undefined) {
        key = literal(child);
        if (key === undefined) {
          return new Map();
        }
      } else {
        entries.set(key, child);
        key = undefined;
      }
    }
    return entries;
  }

  /** The last name of what is called, and its arguments. */
  function callParts(node: SyntaxNode): {
    callee: string;
    keywords: Named;
    positional: readonly SyntaxNode[];
  } {
    const [called, list] = childrenOf(node);
    const keywords = new Map<string, SyntaxNode>();
    const positional: SyntaxNode[] = [];
    let item: SyntaxNode[] = [];
    for (const child of list?.name === 'ArgList' ? childrenOf(list) : []) {
      if (![',', '(', ')'].includes(child.name)) {
        item.push(child);
        continue;
      }
      if (item[1]?.name === 'AssignOp' && item.length === 3) {
        keywords.set(textAt(item[0]), item[2]);
      } else if (item.length === 1) {
        positional.push(item[0]);
      }
      item = [];
    }
    const callee = called ? textAt(called).split('.').pop()!.trim() : '';
    return { callee, keywords, positional };
  }
}

function itemsOf(node: SyntaxNode): SyntaxNode[] {
  return childrenOf(node).filter(isExpression);
}

function firstOf(all: Named, names: readonly string[]): SyntaxNode | null {
  const name = names.find(each => all.has(each));
  return name === undefined ? null : all.get(name)!;
}

/** Turns as one text, each behind a line that names its role. */
export function joined(said: readonly ISaid[]): Omit<IFoundText, 'span'> {
  const builder = new MappedBuilder();
  const fields: IFoundField[] = [];
  const turns: ITurnSpan[] = [];
  const problems = new Set<string>();
  said.forEach(({ role, text }, index) => {
    builder.push(headOf(role, index, said.length), null);
    const shift = builder.length;
    builder.pushSlice(text, 0, text.value.length);
    for (const field of text.fields) {
      const [start, end] = field.value;
      fields.push({ ...field, value: [start + shift, end + shift] });
    }
    text.problems.forEach(problem => problems.add(problem));
    turns.push({ role, value: [shift, builder.length] });
  });
  return {
    kind: 'conversation',
    ...builder.build(),
    fields,
    turns,
    ...(problems.size > 0 && {
      problem: [...problems].slice(0, MAX_PROBLEMS).join(' ')
    })
  };
}
