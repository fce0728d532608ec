/**
 * A run as a page or a notebook contains it: the same as `RunRecord`, with packed
 * numbers, so that it takes a fraction of the size and of the lines.
 * `lit_lab/saved_run.py` reads it too.
 */
import type {
  AnswerToken,
  KeptEffects,
  KeptScores,
  RunRecord,
  Token
} from '../api';
import { checkRun } from '../api/record';

/** A packed run; numbers in base64 are little-endian. */
export interface IPackedRun extends Omit<
  RunRecord,
  'prompt_tokens' | 'answer_tokens' | 'scores' | 'effects'
> {
  /** 1: of version 0.1.0, with that version's names of fields. */
  readonly packed: 1 | 2;
  /** How many tokens belong to the prompt. */
  readonly seam: number;
  /** Of the whole sequence, prompt and answer. */
  readonly tokens: {
    /** int32, in base64. */
    readonly ids: string;
    readonly pieces: readonly string[];
    readonly texts: readonly string[];
    /** One letter for each token: `x` text, `c` control, `t` template. */
    readonly kinds: string;
  };
  /** Of the answer's tokens: float32, in base64; NaN if unknown. */
  readonly logprobs: string;
  readonly scores: readonly IPackedScores[];
  /** Absent in pages of earlier versions. */
  readonly effects?: readonly IPackedEffects[];
}

/** Effects; their log-probabilities as float32 in base64, set by set; NaN for null. */
export interface IPackedEffects extends Omit<KeptEffects, 'events'> {
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** Scores; those of tokens as float32 in base64. */
export interface IPackedScores {
  readonly mode: KeptScores['mode'];
  readonly event: Record<string, unknown>;
}

/** Thrown for what isn't a run, or has a later format. */
export class UnreadableRun extends Error {}

/** The fields of a packed run that others lack. */
const OURS = new Set([
  'packed',
  'seam',
  'tokens',
  'logprobs',
  'look',
  'target'
]);

const KINDS = { x: 'text', c: 'control', t: 'template' } as const;

/**
 * Pack a run. Packing drops the alternatives to its tokens, and the folders of its
 * prompt's document: they are private.
 */
export function packRun(record: RunRecord): IPackedRun {
  const { prompt_tokens, answer_tokens, scores, effects, origin, ...rest } =
    record;
  const tokens = [...prompt_tokens, ...answer_tokens];
  return {
    packed: 2,
    ...rest,
    origin: origin && {
      ...origin,
      document: origin.document.split('/').pop()!
    },
    seam: prompt_tokens.length,
    tokens: {
      ids: toBase64(new Int32Array(tokens.map(token => token.id))),
      pieces: tokens.map(token => token.piece),
      texts: tokens.map(token => token.text),
      kinds: tokens.map(({ kind }) => letterOf(kind)).join('')
    },
    logprobs: toBase64(
      new Float32Array(answer_tokens.map(token => token.logprob ?? NaN))
    ),
    scores: (scores ?? []).map(packScores),
    effects: (effects ?? []).map(packEffects)
  };
}

function packScores({ mode, event }: KeptScores): IPackedScores {
  if (event.event !== 'scores') {
    return { mode, event: { ...event } };
  }
  return {
    mode,
    event: { ...event, scores: toBase64(new Float32Array(event.scores)) }
  };
}

function packEffects({ events, ...rest }: KeptEffects): IPackedEffects {
  return {
    ...rest,
    events: events.map(({ logprobs, ...event }) => ({
      ...event,
      logprobs: toBase64(
        new Float32Array(logprobs.flat().map(one => one ?? NaN))
      )
    }))
  };
}

/** `checkRun` checks what comes of it. */
function unpackEffects(
  { events, ...rest }: IPackedEffects,
  width: number
): KeptEffects {
  const unpacked = events.map(({ logprobs, ...event }) => {
    const values = Array.from(new Float32Array(fromBase64(logprobs)), value =>
      Number.isNaN(value) ? null : value
    );
    const rows: (number | null)[][] = [];
    for (let at = 0; at < values.length; at += width) {
      rows.push(values.slice(at, at + width));
    }
    return { ...event, logprobs: rows };
  });
  return { ...rest, events: unpacked as unknown as KeptEffects['events'] };
}

/**
 * Check and unpack a run, or check one that isn't packed. The result is a run, and
 * contains nothing else.
 *
 * @throws {@link UnreadableRun}: it isn't a run, or has a later format.
 */
export function unpackRun(data: unknown): RunRecord {
  const packed = data as Partial<IPackedRun & RunRecord> | null;
  if (typeof packed !== 'object' || packed === null) {
    throw new UnreadableRun('There is no run in it.');
  }
  const isPlain =
    packed.packed === undefined && Array.isArray(packed.prompt_tokens);
  if (!isPlain && packed.packed !== 1 && packed.packed !== 2) {
    throw new UnreadableRun('Its format is another one.');
  }
  try {
    return checkRun(isPlain ? packed : unpack(packed as IPackedRun));
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    throw new UnreadableRun(`It is damaged: ${why}.`);
  }
}

function unpack(run: IPackedRun): RunRecord {
  const { seam, tokens, logprobs, scores, effects = [] } = run;
  const lists = [tokens.pieces, tokens.texts, scores, effects];
  if (!lists.every(Array.isArray) || typeof tokens.kinds !== 'string') {
    throw new Error('lists are missing');
  }
  const ids = new Int32Array(fromBase64(tokens.ids));
  const likely = new Float32Array(fromBase64(logprobs));
  const all = Array.from(ids, (id, i): Token => ({
    id,
    piece: tokens.pieces[i],
    text: tokens.texts[i],
    kind: KINDS[tokens.kinds[i] as keyof typeof KINDS]
  }));
  const counts = [tokens.pieces, tokens.texts, tokens.kinds];
  if (counts.some(({ length }) => length !== all.length)) {
    throw new Error('tokens are missing, or there are too many');
  }
  if (!Number.isInteger(seam) || seam < 0 || seam > all.length) {
    throw new Error('the answer begins nowhere in it');
  }
  if (likely.length !== all.length - seam) {
    throw new Error('probabilities are missing, or there are too many');
  }
  const others = Object.entries(run).filter(([name]) => !OURS.has(name));
  return {
    ...(Object.fromEntries(others) as unknown as RunRecord),
    prompt_tokens: all.slice(0, seam),
    answer_tokens: all.slice(seam).map((token, i): AnswerToken => ({
      ...token,
      logprob: Number.isNaN(likely[i]) ? null : likely[i],
      alternatives: []
    })),
    scores: scores.map(({ mode, event }): KeptScores => {
      const { scores: values } = event;
      const unpacked =
        typeof values === 'string'
          ? { ...event, scores: [...new Float32Array(fromBase64(values))] }
          : event;
      return { mode, event: unpacked as unknown as KeptScores['event'] };
    }),
    effects: effects.map(one => unpackEffects(one, all.length - seam))
  };
}

function letterOf(kind: Token['kind']): string {
  return kind === 'text' ? 'x' : kind === 'control' ? 'c' : 't';
}

/** The bytes of numbers, in base64. All browsers run on little-endian machines. */
function toBase64(numbers: Int32Array | Float32Array): string {
  const bytes = new Uint8Array(numbers.buffer);
  let text = '';
  // In pieces, because a call has a limited number of arguments.
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

function fromBase64(text: unknown): ArrayBuffer {
  if (typeof text !== 'string') {
    throw new Error('numbers are missing');
  }
  return Uint8Array.from(atob(text), char => char.charCodeAt(0)).buffer;
}
