import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { ServiceState } from '../api';
import { FakeClient, settle } from './fakes';
import { ServiceModel } from './service';

/** Counts how often it is asked, and says a state. */
class Client extends FakeClient {
  asked = 0;
  state: ServiceState = 'ready';

  async status() {
    this.asked++;
    if (this.failure) {
      throw this.failure;
    }
    return super.status();
  }

  async startService() {
    return { ...(await super.startService()), state: this.state };
  }
}

describe('session/service', () => {
  let client: Client;
  let service: ServiceModel;

  beforeEach(() => {
    jest.useFakeTimers();
    client = new Client();
    service = new ServiceModel(client, nullTranslator.load('lit_lab'));
  });

  afterEach(() => {
    service.dispose();
    jest.useRealTimers();
  });

  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      await settle();
      jest.advanceTimersByTime(1000);
    }
    await settle();
  };

  it('asks when it comes into view, and seldom while all is calm', async () => {
    await pass(5);
    expect(client.asked).toBe(0);
    service.watch(true, false);
    await pass(10);
    expect(client.asked).toBe(1);
    expect(service.service?.state).toBe('ready');
  });

  it('starts nothing for who may only look', async () => {
    client.allowed = ['read'];
    await service.refresh();
    expect(service.isReadOnly).toBe(true);
    const before = client.started;
    await service.warm();
    expect(client.started).toBe(before);
    expect(service.problem).toBeNull();
  });

  it('sees a service that dies while nobody uses it', async () => {
    service.watch(true, false);
    await pass(3);
    client.state = 'failed';
    await pass(13);
    expect(service.service?.state).toBe('failed');
    expect(client.asked).toBeLessThan(4);
    service.watch(false, false);
    const seen = client.asked;
    await pass(60);
    expect(client.asked).toBe(seen);
  });

  it('asks at once, and often, when work begins', async () => {
    service.watch(true, false);
    await pass(2);
    service.watch(true, true);
    await settle();
    expect(client.asked).toBe(2);
    await pass(5);
    expect(client.asked).toBeGreaterThan(5);
  });

  it('goes on asking while the service starts, if somebody looks', async () => {
    client.state = 'starting';
    service.watch(true, false);
    await pass(5);
    const seen = client.asked;
    expect(seen).toBeGreaterThan(3);
    service.watch(false, false);
    await pass(10);
    expect(client.asked).toBeLessThanOrEqual(seen + 1);
  });

  it('stops asking once it is ready', async () => {
    client.state = 'starting';
    service.watch(true, false);
    await pass(3);
    client.state = 'ready';
    await pass(2);
    const seen = client.asked;
    await pass(10);
    expect(client.asked).toBe(seen);
  });

  it('tells another version, with a reload as the way out', async () => {
    client.failure = new ApiError({
      error: 'version_mismatch',
      message: 'This page has 1, the server 2.',
      hint: 'Reload.'
    });
    await service.refresh();
    expect(service.problem).toEqual({
      message: 'This page has 1, the server 2.',
      hint: 'Reload.',
      remedies: ['reload']
    });
    client.failure = null;
    await service.refresh();
    expect(service.problem).toBeNull();
  });
});
