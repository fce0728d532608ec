/** The rules for all nodes of Python's grammar that are understood. */
import { binary } from './binary';
import { BLOCKS } from './blocks';
import { call } from './calls';
import { comprehend, generate } from './comprehensions';
import { SIMPLE_EXPRESSIONS } from './expressions';
import { evaluateFormat } from './fields';
import { makeFunction } from './functions';
import type { IRules } from './machine';
import { member } from './members';
import { STATEMENTS } from './statements';

export const RULES: IRules = {
  expressions: new Map([
    ...SIMPLE_EXPRESSIONS,
    ['FormatString', evaluateFormat],
    ['ContinuedString', evaluateFormat],
    ['BinaryExpression', binary],
    ['MemberExpression', member],
    ['CallExpression', call],
    ['LambdaExpression', (m, node) => makeFunction(m, node, false)],
    ['ComprehensionExpression', generate],
    ['ArrayComprehensionExpression', comprehend],
    ['SetComprehensionExpression', comprehend],
    ['DictionaryComprehensionExpression', comprehend]
  ]),
  statements: new Map([...STATEMENTS, ...BLOCKS])
};
