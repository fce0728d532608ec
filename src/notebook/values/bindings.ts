/** Binding targets: names, tuples of them, items and attributes. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { evaluate, textAt } from './walk';
import type { Machine } from './machine';
import { groups } from './syntax';
import { unknown } from './value';
import type { IBinding, Value } from './value';

/** Bind one target. */
export function bindTarget(
  m: Machine,
  node: SyntaxNode,
  binding: IBinding,
  isWalrus = false
): void {
  m.step();
  switch (node.name) {
    case 'VariableName': {
      // In a comprehension `:=` binds a name of what is around it.
      const { scope } = m;
      while (isWalrus && m.scope.kind === 'comprehension') {
        m.scope = m.scope.outer!;
      }
      m.bind(textAt(m, node), binding);
      m.scope = scope;
      return;
    }
    case 'TupleExpression':
    case 'ArrayExpression':
    case 'ParenthesizedExpression':
      m.deeper(() =>
        bindTargets(
          m,
          groups(node).flatMap((group, index) => [
            ...(index > 0 ? [COMMA] : []),
            ...group
          ]),
          binding,
          node.name !== 'ParenthesizedExpression'
        )
      );
      return;
    default: {
      // An item or an attribute: its owner has changed.
      const parts = childrenOf(node)
        .filter(isExpression)
        .filter(({ name }) => name !== 'PropertyName')
        .map(part => evaluate(m, part));
      m.unknown([...parts, binding.value], m.place(node.from));
      parts.forEach(part => {
        if (part.type === 'class' || part.type === 'instance') {
          part.methods.clear();
        }
      });
    }
  }
}

/** Stands for a comma between targets. */
const COMMA = { name: ',' } as SyntaxNode;

/**
 * Bind the targets of one side of an assignment.
 *
 * @param nodes - with the commas between them.
 */
export function bindTargets(
  m: Machine,
  nodes: readonly SyntaxNode[],
  binding: IBinding,
  isSequence = nodes.some(({ name }) => name === ',')
): void {
  if (!isSequence) {
    nodes
      .filter(({ name }) => name !== ',')
      .forEach(node => bindTarget(m, node, placed(m, node, binding)));
    return;
  }
  const targets = nodes.filter(({ name }) => name !== ',' && name !== '*');
  const items = nodes.some(({ name }) => name === '*')
    ? null
    : itemsOf(binding.value, targets.length);
  if (items === null) {
    m.unknown([binding.value], binding.place);
  }
  targets.forEach((target, index) => {
    const value = items?.[index] ?? unknownPart(binding);
    bindTarget(m, target, placed(m, target, { ...binding, value }));
  });
}

/** A name is given its value where it stands. */
function placed(m: Machine, node: SyntaxNode, binding: IBinding): IBinding {
  return node.name === 'VariableName'
    ? { ...binding, place: m.place(node.from) }
    : binding;
}

function unknownPart({ value, place }: IBinding): Value {
  return value.type === 'unknown' ? value : unknown('run', place);
}

/** The items of a value that is taken apart; null where they aren't known. */
function itemsOf(value: Value, count: number): readonly Value[] | null {
  if (value.type === 'choice') {
    // The same part of each option. That the parts vary together isn't
    // recorded.
    const parts = value.options.map(option => itemsOf(option.value, count));
    return parts.includes(null)
      ? null
      : Array.from({ length: count }, (_, index) => ({
          ...value,
          options: value.options.map((option, at) => ({
            ...option,
            value: parts[at]![index]
          }))
        }));
  }
  const isPair =
    value.type === 'tuple' || (value.type === 'list' && !value.lost);
  return isPair && value.items.length === count ? value.items : null;
}
