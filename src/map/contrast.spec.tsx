import React from 'react';

import { Stage } from '../components/fixtures';
import type { Session } from '../session/session';
import { Contrast } from './contrast';

describe('map/contrast', () => {
  it('offers alternatives, with their blanks where these are all that differs', () => {
    const alternatives = [' Yes', ' No', 'No', 'No\n'].map((text, id) => ({
      id,
      text,
      piece: text,
      logprob: -1 - id
    }));
    const said = { id: 1, text: ' No', piece: ' No', alternatives };
    const stage = new Stage();
    const session = {
      explanation: {
        text: { tokens: [said], seam: 0 },
        target: [0, 1],
        foil: null
      },
      contrast: { written: '', since: null, problem: null }
    };
    stage.draw(<Contrast session={session as unknown as Session} />);
    const rows = [...stage.host.querySelectorAll('.lit-choice-row')];
    expect(rows.map(row => row.getAttribute('title'))).toEqual([
      'Why “No” rather than “Yes”?',
      'Why “␣No” rather than “No”?',
      'Why “No” rather than “No⏎”?'
    ]);
    stage.dispose();
  });

  it('says in plain words what is shown, and has the formula as a tooltip', () => {
    const stage = new Stage();
    const said = { id: 1, text: 'No', piece: 'No', alternatives: [] };
    const session = {
      explanation: {
        text: { tokens: [said], seam: 0 },
        target: [0, 1],
        foil: { text: 'Yes' }
      },
      contrast: { before: null },
      settings: { method: 'grad_l2' }
    };
    stage.draw(<Contrast session={session as unknown as Session} />);
    const { host } = stage;
    expect(host.textContent).toContain('“No” more likely than “Yes”');
    expect(host.textContent).not.toContain('log p');
    expect(host.querySelector('a')!.title).toContain(
      'log p(“No”) − log p(“Yes”)'
    );
    stage.dispose();
  });
});
