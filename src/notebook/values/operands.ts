/** What puts values into texts: names and calls beside `+`, in lists that are joined. */
import type { SyntaxNode } from '@lezer/common';

import type { Machine } from './machine';
import { isText, keyOfPut, putIn } from './puts';
import type { ITextValue, Value } from './value';
import { boundAs, putOf } from './walk';

/** Expressions whose parts make the text, rather than its value being put in. */
const COMPOSING =
  /^(String|FormatString|ContinuedString|ParenthesizedExpression|BinaryExpression|ConditionalExpression)$/;

/** A value beside `+` or in a list, with the expression that puts it there. */
export function putBy(m: Machine, value: Value, node: SyntaxNode): Value {
  const isUnknown = value.type === 'unknown';
  if (!isUnknown && (!isText(value) || COMPOSING.test(node.name))) {
    return value;
  }
  const put = putOf(m, node);
  if (value.type === 'unknown') {
    m.seeAt(keyOfPut(put), { value, place: boundAs(m, node, value).place });
    return { ...value, via: { put, depth: 1 } };
  }
  m.seeAt(keyOfPut(put), boundAs(m, node, value));
  return value.type === 'choice'
    ? {
        ...value,
        options: value.options.map(option => ({
          ...option,
          value: putIn(option.value as ITextValue, put)
        }))
      }
    : putIn(value as ITextValue, put);
}

/** Record the value of a name, which may be a message's text. */
export function seeName(m: Machine, node: SyntaxNode, value: Value): void {
  if (
    node.name === 'VariableName' &&
    (value.type === 'unknown' || isText(value))
  ) {
    m.seeAt(keyOfPut(putOf(m, node)), boundAs(m, node, value));
  }
}
