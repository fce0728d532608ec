/** The texts that are offered of a cell once its notebook is evaluated. */
import type { Tree } from '@lezer/common';

import { templatesOf } from '../values/reach';
import type { IRun } from '../values/run';
import { ComposedTexts } from './composed';
import { findingConversations } from './conversations';
import type { Work } from './pieces';
import type { IFindContext, IFoundText } from './types';

/** Conversations, composed texts, then templates and strings of cell `index`. */
export function* offering(
  source: string,
  context: IFindContext,
  tree: Tree,
  run: IRun,
  index: number,
  strings: readonly IFoundText[]
): Work<IFoundText[]> {
  const composed = new ComposedTexts(run, index, source, context);
  const talks = yield* findingConversations(source, context, tree, composed.at);
  yield;
  const all = templatesOf([...talks, ...strings], run, index, context);
  yield;
  const isTalk = ({ kind }: IFoundText) => kind === 'conversation';
  const others = all.filter(text => !isTalk(text));
  const made = yield* composed.finding(tree, others);
  return [...all.filter(isTalk), ...made, ...others];
}
