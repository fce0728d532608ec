/** What the panel says of a run whose service ended. */
import React, { act } from 'react';

import { CONTEXT, Stage } from '../components/fixtures';
import { useRedraw } from '../components/redraw';
import { FakeClient, FakeSource, settle } from '../session/fakes';
import { tokens } from '../session/fixtures';
import { Session } from '../session/session';
import { RunParts } from './fixtures';

const PROMPT = 'Be brief.';
const DIED = 'The service ended. Restarted.';

describe('panel: a run whose service ended', () => {
  let stage: Stage;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    stage = new Stage();
    client = new FakeClient();
    session = new Session(client, CONTEXT.trans);
    await session.service.refresh();
    session.open(new FakeSource(PROMPT));
    await settle();
    stage.draw(<Shown />);
  });

  afterEach(() => {
    stage.dispose();
    session.dispose();
  });

  function Shown(): JSX.Element {
    useRedraw(session);
    return <RunParts session={session} onSettings={() => undefined} />;
  }

  const happens = (what: () => void) =>
    act(async () => {
      what();
      await settle();
    });
  const waiting = () =>
    stage.host.querySelector('.lit-waiting-message')?.textContent;
  const hint = () => stage.host.querySelector('.lit-hint')?.textContent;
  const answer = ' It is.';

  it('says at once that it was restarted, then what it waits for, and still at the end', async () => {
    await happens(() => void session.runs.generate());
    await happens(() => {
      client.last.prompt(PROMPT);
      client.last.send({ event: 'token', token: tokens(answer)[0] });
    });
    expect(waiting()).toBeUndefined();
    await happens(() =>
      client.last.send({ event: 'restarted', message: DIED })
    );
    expect(waiting()).toBe(DIED);
    expect(hint()).toBeUndefined();
    await happens(() =>
      client.last.send({ event: 'state', message: 'Loading demo…' })
    );
    expect(waiting()).toBe('Loading demo…');
    expect(hint()).toBe(DIED);
    await happens(() => client.last.answer(PROMPT, answer));
    expect(waiting()).toBeUndefined();
    expect(hint()).toBe(DIED);
    await happens(() => void session.runs.generate());
    await happens(() => client.last.answer(PROMPT, answer));
    expect(hint()).toBeUndefined();
  });
});
