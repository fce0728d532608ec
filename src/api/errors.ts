import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ErrorBody } from './types';

/** A failed request, worded for the user. */
export class ApiError extends Error {
  constructor(
    body: ErrorBody,
    /** HTTP status; 0 without an answer. */
    readonly status: number = 0
  ) {
    super(body.message);
    this.name = 'ApiError';
    this.error = body.error;
    this.hint = body.hint;
  }

  /** A short stable code, such as `prompt_too_long`. */
  readonly error: string;
  /** What the user can do; may be empty. */
  readonly hint: string;

  /** Whether the same request may succeed later. */
  get isTransient(): boolean {
    return this.status === 0 || (this.status >= 502 && this.status <= 504);
  }
}

/** Whether a thrown value is the caller's own abort, which isn't a failure. */
export function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError';
}

/** No answer came: the server is gone, or the network is. */
export function networkError(trans: TranslationBundle): ApiError {
  return new ApiError({
    error: 'network',
    message: trans.__('The Jupyter server does not answer.'),
    hint: trans.__(
      'Check that it is still running and that you are connected. Nothing you typed is lost.'
    )
  });
}

/** The answer reports success, but has another form than expected. */
export function answerError(trans: TranslationBundle): ApiError {
  return new ApiError({
    error: 'unexpected_answer',
    message: trans.__('The response did not come from LIT Lab.'),
    hint: trans.__(
      'You may be signed out: reload the page. If that does not help, check for a proxy between the browser and the Jupyter server.'
    )
  });
}

/** What the history stores isn't a run. */
export function damagedError(
  trans: TranslationBundle,
  reason: unknown
): ApiError {
  return new ApiError({
    error: 'damaged_run',
    message: trans.__(
      'This run can’t be shown: its stored data is damaged (%1).',
      reason instanceof Error ? reason.message : String(reason)
    ),
    hint: trans.__('Run its prompt again, then delete this run.')
  });
}

/** Front end and server extension have different versions. */
export function versionError(
  trans: TranslationBundle,
  frontEnd: string,
  server: string
): ApiError {
  return new ApiError({
    error: 'version_mismatch',
    message: trans.__(
      'This page has LIT Lab %1, but the Jupyter server has LIT Lab %2.',
      frontEnd,
      server
    ),
    hint: trans.__(
      'Save your work and reload the page. If that does not help, restart the Jupyter server.'
    )
  });
}

/** Make an error from an answer that reports a failure. Reads its body. */
export async function responseError(
  response: Response,
  trans: TranslationBundle
): Promise<ApiError> {
  const body = parseBody(await response.text().catch(() => ''));
  if (body) {
    return new ApiError(body, response.status);
  }
  return new ApiError(describeStatus(response.status, trans), response.status);
}

/** Make an error from what a request threw; aborts are returned unchanged. */
export function thrownError(
  reason: unknown,
  trans: TranslationBundle
): ApiError | Error {
  if (reason instanceof ApiError) {
    return reason;
  }
  if (isAbort(reason)) {
    return reason as Error;
  }
  // `TypeError` is what browsers throw when a connection fails or breaks, and
  // JupyterLab's NetworkError wraps even aborts, with the abort's message.
  if (
    reason instanceof ServerConnection.NetworkError ||
    reason instanceof TypeError
  ) {
    return networkError(trans);
  }
  return reason instanceof Error ? reason : new Error(String(reason));
}

function parseBody(text: string): ErrorBody | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // A proxy's page, or Jupyter's own.
  }
  const { error, message, hint } = (value ?? {}) as Partial<ErrorBody>;
  if (typeof error !== 'string' || typeof message !== 'string') {
    return null;
  }
  return { error, message, hint: typeof hint === 'string' ? hint : '' };
}

/** For answers that LIT Lab's server extension did not write. */
function describeStatus(status: number, trans: TranslationBundle): ErrorBody {
  switch (status) {
    case 401:
    case 403:
      return {
        error: 'forbidden',
        message: trans.__('The Jupyter server did not allow this.'),
        hint: trans.__(
          'Reload the page and sign in again, or ask your administrator for access to LIT Lab.'
        )
      };
    case 404:
      return {
        error: 'server_extension_missing',
        message: trans.__("LIT Lab's server extension is not running."),
        hint: trans.__(
          'Install it where the Jupyter server runs (pip install "lit_lab[service]"), enable it (jupyter server extension enable lit_lab), and restart the Jupyter server. If it is there, the Jupyter server\'s log says why it did not load.'
        )
      };
    case 502:
    case 503:
    case 504:
      return {
        error: 'server_unreachable',
        message: trans.__(
          'A proxy could not reach the Jupyter server (%1).',
          status
        ),
        hint: trans.__('Wait a moment and try again.')
      };
    default:
      return {
        error: 'unexpected_answer',
        message: trans.__('The Jupyter server answered with %1.', status),
        hint: trans.__("See the Jupyter server's log for details.")
      };
  }
}
