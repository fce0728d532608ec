/** Reading names of a notebook's running kernel. */
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { expressionFor, readAnswer } from './expression';
import type { KernelValue } from './expression';

/** How long a kernel has to answer, in ms. */
const MAX_WAIT = 2_000;

/** The name that the answer has in the kernel's message. */
const KEY = 'values';

/** Why a kernel gave no answer. */
export type NoAnswer = 'none' | 'foreign' | 'busy' | 'strange';

/** What a kernel needs to be asked. */
export type AskedKernel = Pick<
  Kernel.IKernelConnection,
  'info' | 'requestExecute' | 'isDisposed' | 'status' | 'connectionStatus'
>;

/**
 * Ask a kernel what names are. Nothing of the notebook's code runs by that, no
 * output or count changes, and what a busy kernel answers later is dropped. IPython
 * itself calls what is registered for its event `post_execute` after any request.
 *
 * @param kernel - null or undefined: none runs.
 */
export async function askKernel(
  kernel: AskedKernel | null | undefined,
  names: readonly string[]
): Promise<readonly KernelValue[] | NoAnswer> {
  if (
    !kernel ||
    kernel.isDisposed ||
    kernel.connectionStatus !== 'connected' ||
    /^(dead|terminating)$/.test(kernel.status)
  ) {
    return 'none';
  }
  let isLate = false;
  let drop = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = new Promise<NoAnswer>(resolve => {
    timer = setTimeout(() => {
      isLate = true;
      resolve('busy');
      drop();
    }, MAX_WAIT);
  });
  const answer = async () => {
    const { language_info } = await kernel.info;
    if (!/^i?python\d*$/i.test(language_info?.name ?? '')) {
      return 'foreign';
    }
    if (isLate) {
      return 'busy';
    }
    const future = kernel.requestExecute({
      code: '',
      silent: true,
      store_history: false,
      allow_stdin: false,
      stop_on_error: false,
      user_expressions: { [KEY]: expressionFor(names) }
    });
    drop = () => future.dispose();
    return readReply(await future.done, names.length);
  };
  try {
    return await Promise.race([wait, answer().catch(() => 'none' as const)]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a kernel's reply says; its parts may be anything. */
function readReply(
  reply: KernelMessage.IExecuteReplyMsg | undefined,
  count: number
): readonly KernelValue[] | NoAnswer {
  const content = reply?.content as
    { user_expressions?: Record<string, unknown> } | undefined;
  const said = content?.user_expressions?.[KEY] as
    { status?: unknown; ename?: unknown; evalue?: unknown } | null | undefined;
  const values =
    said?.status === 'error' && said.ename === 'KeyError'
      ? readAnswer(said.evalue, count)
      : null;
  return values ?? 'strange';
}
