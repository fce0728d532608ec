import type { KernelMessage } from '@jupyterlab/services';

import { settle } from '../../session/fakes';
import { Fixture, STRING } from '../fakes';
import type { AskedKernel } from './ask';

/** A kernel that answers what it is told to; null: nothing, as a busy one does. */
class FakeKernel {
  constructor(
    private readonly _answer: ((code: string) => unknown) | null,
    private readonly _language = 'python'
  ) {}

  readonly asked: KernelMessage.IExecuteRequestMsg['content'][] = [];
  isDropped = false;
  isDisposed = false;
  status = 'idle';
  connectionStatus = 'connected';

  get info() {
    return Promise.resolve({ language_info: { name: this._language } });
  }

  requestExecute(content: KernelMessage.IExecuteRequestMsg['content']) {
    this.asked.push(content);
    const code = Object.values(content.user_expressions ?? {})[0] as string;
    return {
      done:
        this._answer === null
          ? new Promise(() => undefined)
          : Promise.resolve({
              content: { user_expressions: { values: this._answer(code) } }
            }),
      dispose: () => (this.isDropped = true)
    };
  }
}

const raising = (evalue: unknown) => () => ({
  status: 'error',
  ename: 'KeyError',
  evalue
});

/** A source for the first string of the first cell, with a kernel. */
async function open(cells: readonly string[], kernel: FakeKernel | null) {
  const fixture = new Fixture(cells, 0);
  Object.assign(fixture.panel, {
    sessionContext: {
      session: kernel && { kernel: kernel as unknown as AskedKernel }
    }
  });
  return fixture.open(0, STRING);
}

describe('values from the kernel', () => {
  it('are read for plain names, in the form that their fields show', async () => {
    const kernel = new FakeKernel(raising("'s526f6d65,f2.5,i-ff,L,-'"));
    const source = await open(
      [
        'p = f"{town!r:>8} {town} {x:.2f} {n:,} {n:x} {x:e} {some} {gone} {a.b} {c[0]} {d()}"'
      ],
      kernel
    );
    expect(kernel.asked).toEqual([]);
    const { values, problem } = await source.askKernel();
    expect(problem).toBe('');
    const taken = { from: 'the kernel' };
    expect(values).toEqual({
      'town!r:>8': { value: "  'Rome'", ...taken },
      town: { value: 'Rome', ...taken },
      'x:.2f': { value: '2.50', ...taken },
      'n:,': { value: '-255', ...taken },
      'n:x': { value: '-ff', ...taken },
      'x:e': { value: null, from: expect.stringContaining('“:e”') },
      some: { value: null, from: expect.stringContaining('a list') },
      gone: { value: null, from: 'not defined in the kernel' }
    });
    const [{ code, silent, store_history, user_expressions }] = kernel.asked;
    expect({ code, silent, store_history }).toEqual({
      code: '',
      silent: true,
      store_history: false
    });
    expect(Object.values(user_expressions!)).toEqual([
      expect.stringContaining("('town','x','n','some','gone',)")
    ]);
  });

  it('are as Python prints floats', async () => {
    const kernel = new FakeKernel(raising("'f1e+22,f-inf,f-0.0,fnan'"));
    const source = await open(['p = f"{a} {b} {c} {d} {b:.1f}"'], kernel);
    const { values } = await source.askKernel();
    expect(Object.values(values).map(({ value }) => value)).toEqual([
      '1e+22',
      '-inf',
      '-0.0',
      'nan',
      null
    ]);
  });

  it('are those that templates are filled with', async () => {
    const kernel = new FakeKernel(raising("'s526f6d65,f2.5'"));
    const source = await open(
      ['t = "%s: %d, %s"\nprint(t % (town, x, town))'],
      kernel
    );
    expect(source.text?.kind).toBe('template');
    const { values } = await source.askKernel();
    // `%d` would make 2 of it.
    expect(values).toEqual({
      town: { value: 'Rome', from: 'the kernel' },
      x: { value: null, from: expect.stringContaining('%d') }
    });
  });

  it.each([
    ['def f(town):\n    return f"{town}"', ['town']],
    ['def f():\n    town = 1\n    return lambda: f"{town}"', ['town']],
    ['class A:\n    town = "Rome"\n    p = f"{town}"', ['town']],
    ['[f"{town}" for town in towns]', ['town']],
    ['f = lambda *, town=1: f"{town}"', ['town']],
    ['%%timeit\ntown = "Rome"\nf"{town}"', ['town']],
    ['def f(town):\n    return t % town\nt = "Hi %s"', ['town']],
    ['def f():\n    global town\n    town = 1\n    return f"{town}"', []],
    ['def f(x):\n    return f"{town}"', []],
    ['for town in towns:\n    print(f"{town}")', []]
  ])('are not read for a function’s own names: %s', async (cell, refused) => {
    const kernel = new FakeKernel(raising("'s526f6d65'"));
    const source = await open([cell], kernel);
    const { values, problem } = await source.askKernel();
    expect(Object.keys(values)).toEqual(['town']);
    expect(kernel.asked).toHaveLength(1 - refused.length);
    expect(problem === '').toBe(refused.length === 0);
    expect(values.town.value).toBe(refused.length === 0 ? 'Rome' : null);
  });

  it.each([
    ['no kernel', null, 'no running kernel'],
    ['another language', new FakeKernel(null, 'R'), 'isn’t Python'],
    [
      'another answer',
      new FakeKernel(() => ({ status: 'ok', data: { 'text/plain': "'s61'" } })),
      'no answer'
    ],
    ['nothing of it', new FakeKernel(() => null), 'no answer'],
    ['a hostile answer', new FakeKernel(raising("'s6'")), 'no answer'],
    ['no text', new FakeKernel(raising({ length: 1 })), 'no answer'],
    [
      'a long answer',
      new FakeKernel(raising(`'s${'61'.repeat(2_000_000)}'`)),
      'no answer'
    ]
  ])('are none, with the reason: %s', async (_, kernel, reason) => {
    const source = await open(['f"{town}"'], kernel);
    const { values, problem } = await source.askKernel();
    expect(values).toEqual({});
    expect(problem).toContain(reason);
  });

  it('are none of a kernel that has died', async () => {
    const kernel = new FakeKernel(raising("'s61'"));
    kernel.status = 'dead';
    const source = await open(['f"{town}"'], kernel);
    const { problem } = await source.askKernel();
    expect(problem).toContain('no running kernel');
    expect(kernel.asked).toEqual([]);
  });

  it('are not waited for long: a busy kernel’s late answer is dropped', async () => {
    const kernel = new FakeKernel(null);
    const source = await open(['f"{town}"'], kernel);
    jest.useFakeTimers();
    try {
      const answer = source.askKernel();
      while (kernel.asked.length === 0) {
        await settle();
      }
      jest.advanceTimersByTime(1_999);
      expect(kernel.isDropped).toBe(false);
      jest.advanceTimersByTime(1);
      expect(kernel.isDropped).toBe(true);
      expect((await answer).problem).toContain('busy');
    } finally {
      jest.useRealTimers();
    }
  });
});
