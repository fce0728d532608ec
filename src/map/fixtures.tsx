/** What specs of the text and its salience share. */
import React from 'react';

import type { AnswerToken, Token } from '../api';
import type { Stage } from '../components/fixtures';
import { cutText } from '../session/runText';
import type { ICutRun } from '../session/runText';
import { SalienceText } from './salienceText';
import type { ISalienceTextProps } from './salienceText';

/** A token; one of a template stands for no text. */
export function token(text: string, kind: Token['kind'] = 'text'): AnswerToken {
  return {
    id: 1,
    piece: text,
    text: kind === 'template' ? '' : text,
    kind,
    logprob: null,
    alternatives: []
  };
}

/** Draw a run's text by sentences, without a map unless `props` has one. */
export function drawSalienceText(
  stage: Stage,
  run: ICutRun,
  props: Partial<ISalienceTextProps> = {}
): void {
  stage.draw(
    <SalienceText
      text={cutText(run, 'sentences', null)}
      map={null}
      target={null}
      ready={true}
      answering={false}
      underline={false}
      fine={false}
      onPick={() => undefined}
      {...props}
    />
  );
}

/** The flowing text as it is copied: without the headings of its zones. */
export function flowText(host: HTMLElement): string {
  const flow = host.querySelector('.lit-text')!.cloneNode(true) as HTMLElement;
  flow.querySelectorAll('.lit-zone-head').forEach(head => head.remove());
  return flow.textContent ?? '';
}
