/** Shows the number of the prompt's tokens and the model's window before a run. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { TokenCount } from '../api';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { roomFor } from '../session/count';
import type { Room } from '../session/count';
import { describeWindow } from '../session/labels';
import type { Session } from '../session/session';

/** The number of tokens, and a warning if they don't fit. */
export function Count(props: {
  session: Session;
  /** Whether the user is writing the prompt; otherwise a count that fits is hidden. */
  isWriting: boolean;
}): JSX.Element {
  const { trans } = usePanel();
  const { session, isWriting } = props;
  const { count } = session.counter;
  const limit = session.service.status?.limits.max_new_tokens ?? Infinity;
  const longest = Math.min(session.settings.maxNewTokens, limit);
  const room = count ? roomFor(count, longest) : 'enough';
  const isShown = count !== null && (isWriting || room !== 'enough');
  return (
    <div
      className="lit-count"
      data-room={isShown ? room : undefined}
      // Keep its space, so that Run, below it, doesn't move away from a click.
      data-writing={isWriting || undefined}
    >
      {isShown && (
        // Not a live region, because screen readers would announce it at every pause.
        <span className="lit-count-tokens" title={about(session, count, trans)}>
          {trans.__(
            '%1 of %2 tokens',
            count.tokens.toLocaleString(),
            count.window.toLocaleString()
          )}
        </span>
      )}
      {/* Always there, and without the numbers that change with each key: read
          out once, when the prompt stops to fit. */}
      <Live as="span" className="lit-count-warning">
        {isShown ? warning(room, longest, trans) : ''}
      </Live>
    </div>
  );
}

/** Explains the numbers. */
function about(
  session: Session,
  count: TokenCount,
  trans: TranslationBundle
): string {
  const { modelInfo } = session;
  const what = [
    count.chat === 'plain'
      ? trans.__('The prompt’s tokens, and the model’s limit.')
      : trans.__(
          'The prompt’s tokens with the chat format’s, and the model’s limit.'
        )
  ];
  if (modelInfo !== null) {
    what.push(`${describeWindow(modelInfo, trans)}.`);
  }
  return what.join(' ');
}

/** A warning if something doesn't fit; else empty. */
function warning(
  room: Room,
  longest: number,
  trans: TranslationBundle
): string {
  return {
    enough: '',
    tight: trans.__(
      'The longest answer, of %1 tokens, doesn’t fit after it, so it may be cut off.',
      longest.toLocaleString()
    ),
    none: trans.__(
      'The prompt doesn’t fit. Shorten it, or choose a model with a larger limit.'
    )
  }[room];
}
