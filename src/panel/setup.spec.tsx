import { nullTranslator } from '@jupyterlab/translation';
import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import type { ServiceStatus, SetupStatus, Status } from '../api';
import { PanelContext } from '../components/context';
import { FakeClient } from '../session/fakes';
import { ServiceModel } from '../session/service';
import { SetupNotice } from './setup';

const IDLE: SetupStatus = {
  state: 'idle',
  wanted: true,
  step: '',
  line: '',
  done: null,
  total: null,
  since: 0,
  message: '',
  hint: ''
};

/** A service that failed for want of its libraries. */
class Client extends FakeClient {
  state: ServiceStatus['state'] = 'failed';

  async status(): Promise<Status> {
    const status = await super.status();
    return { ...status, service: { ...status.service, state: this.state } };
  }
}

describe('panel/setup', () => {
  const trans = nullTranslator.load('lit_lab');
  let client: Client;
  let service: ServiceModel;

  beforeEach(() => {
    client = new Client();
    service = new ServiceModel(client, trans);
  });

  afterEach(() => service.dispose());

  const draw = async (setup: SetupStatus | null) => {
    client.setup = setup;
    await service.refresh();
    return renderToStaticMarkup(
      <PanelContext
        value={{ trans, showLog: () => undefined, openMenu: () => undefined }}
      >
        <SetupNotice service={service} />
      </PanelContext>
    );
  };

  it('is offered where it would help, and only there', async () => {
    expect(await draw(IDLE)).toContain('>Set up</button>');
    expect(await draw({ ...IDLE, wanted: false })).toBe('');
    expect(await draw(null)).toBe('');
    client.state = 'ready';
    expect(await draw(IDLE)).toBe('');
  });

  it('tells how far it is, with what pip says as text', async () => {
    const drawn = await draw({
      ...IDLE,
      state: 'running',
      step: 'Installing LIT Lab…',
      line: 'Downloading <b>tensorflow</b>',
      done: 250e6,
      total: 500e6
    });
    expect(drawn).toContain('Installing LIT Lab…');
    expect(drawn).toContain('value="250000000"');
    expect(drawn).toMatch(/250\sMB of 500\sMB/);
    expect(drawn).toContain('>Stop</button>');
    expect(
      await draw({ ...IDLE, state: 'running', line: 'Collecting <b>x</b>' })
    ).toContain('Collecting &lt;b&gt;x&lt;/b&gt;');
  });

  it('continues after a stop and a failure', async () => {
    expect(await draw({ ...IDLE, state: 'stopped' })).toContain(
      '>Continue setting up</button>'
    );
    const failed = await draw({
      ...IDLE,
      state: 'failed',
      message: 'No Python 3.11 or 3.12 was found.',
      hint: 'Install one.'
    });
    expect(failed).toContain('role="alert"');
    expect(failed).toContain('Install one.');
    expect(failed).toContain('>Try again</button>');
  });

  it('is begun and stopped', async () => {
    await draw(IDLE);
    await service.setUp();
    expect(service.setup?.state).toBe('running');
    expect(service.isBusy).toBe(true);
    await service.stopSetup();
    expect(service.setup?.state).toBe('stopped');
    expect(service.problem).toBeNull();
  });

  it('tells why it may not be begun', async () => {
    await draw(null);
    await service.setUp();
    expect(service.problem?.message).toBe('no');
  });
});
