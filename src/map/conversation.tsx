/** A conversation in the text. A label before each turn shows its role. */
import React from 'react';

import { usePanel } from '../components/context';
import type { TokenSpan } from '../salience';
import { describeRole } from '../session/chat';
import type { IText } from '../session/runText';
import { Part } from './salienceTextPart';
import type { IPartProps } from './salienceTextPart';
import { AddedTurn } from './turn';

/** The prompt, if it is a conversation. */
export function Conversation(
  props: Pick<IPartProps, 'tokens' | 'map' | 'target' | 'marks' | 'marked'> & {
    text: IText;
    unfolded: boolean;
    onToggle: () => void;
  }
): JSX.Element {
  const { trans } = usePanel();
  const { text, unfolded, onToggle, ...shared } = props;
  let end = 0;
  return (
    <>
      {text.conversation.map(({ role, index, span, first, segments }) => {
        const gap: TokenSpan = [end, span[0]];
        end = span[1];
        return (
          <React.Fragment key={index}>
            <AddedTurn
              text={text}
              span={gap}
              role={role}
              unfolded={unfolded}
              onToggle={onToggle}
            />
            <Part
              {...shared}
              isPrompt={true}
              label={trans.__(
                'Turn %1, %2',
                index + 1,
                describeRole(role, trans)
              )}
              spans={segments}
              from={span[0]}
              to={span[1]}
              first={first}
              pickable={false}
            />
          </React.Fragment>
        );
      })}
    </>
  );
}
