/** The answer in the text, with the model's thoughts before it, folded. */
import React, { useMemo, useState } from 'react';

import { usePanel } from '../components/context';
import { thoughtEnd } from '../salience';
import type { IText } from '../session/runText';
import { Part } from './salienceTextPart';
import type { IPartProps } from './salienceTextPart';

/** The answer's part; if the model thought first, both of its parts. */
export function Answer(
  props: Omit<IPartProps, 'spans' | 'from' | 'to' | 'first'> & { text: IText }
): JSX.Element {
  const { text, ...shared } = props;
  const { trans } = usePanel();
  const [wanted, setWanted] = useState(false);
  const { tokens, seam, answer } = text;
  const end = useMemo(() => thoughtEnd(tokens, seam), [tokens, seam]);
  // A segment that ends after the thoughts belongs to the answer.
  const [thoughts, said] = useMemo(() => {
    const count = answer.filter(span => span[1] <= (end ?? seam)).length;
    return [answer.slice(0, count), answer.slice(count)];
  }, [answer, end, seam]);
  const first = text.prompt.length;
  const all = { ...shared, to: tokens.length, first, from: seam };
  if (thoughts.length === 0) {
    return <Part {...all} spans={answer} />;
  }
  const from = thoughts[thoughts.length - 1][1];
  // The target must be visible.
  const isAimed = props.target !== null && props.target[0] < from;
  const unfolded = wanted || isAimed;
  const count = from - seam;
  return (
    <>
      <button
        type="button"
        className="lit-turn"
        data-thought
        aria-expanded={unfolded}
        disabled={isAimed}
        title={trans._n(
          'What the model thought before it answered: %1 token. Unfold it to choose its segments.',
          'What the model thought before it answered: %1 tokens. Unfold it to choose its segments.',
          count
        )}
        data-role={trans.__('Thinking')}
        data-spelled={trans._n('%1 token', '%1 tokens', count)}
        aria-label={trans._n(
          'Thinking, %1 token',
          'Thinking, %1 tokens',
          count
        )}
        onClick={() => setWanted(!unfolded)}
      />
      {unfolded && (
        <Part
          {...all}
          label={trans.__('Thinking')}
          spans={thoughts}
          to={from}
        />
      )}
      <Part {...all} spans={said} from={from} first={first + thoughts.length} />
    </>
  );
}
