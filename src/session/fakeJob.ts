/** A job for the specs: events of prompts, answers and maps, when the spec sends them. */
import type {
  GenerateRequest,
  JobEvent,
  JobRequest,
  SegmentScoresEvent,
  SystemUse,
  Token
} from '../api';
import { tokens } from './fixtures';

const BOS: Token = { id: 2, piece: '<bos>', text: '', kind: 'template' };

/** A job whose events the spec sends. */
export class FakeJob {
  constructor(
    readonly id: string,
    readonly request: JobRequest
  ) {}

  isCancelled = false;

  send(...events: JobEvent[]): void {
    this._events.push(...events);
    this._wake();
  }

  /** The connection breaks for good. */
  break(reason: Error): void {
    this._reason = reason;
    this._wake();
  }

  /**
   * The events of an answer, sentence by sentence, to its end.
   *
   * @param stoppedAt - the stop sequence that it came to; null: it ended by itself.
   */
  answer(
    prompt: string,
    answer: string,
    stoppedAt: string | null = null
  ): void {
    const all = tokens(answer);
    this.prompt(prompt);
    this.send(
      ...all.map((token): JobEvent => ({ event: 'token', token })),
      {
        event: 'answer',
        text: answer,
        tokens: all,
        reason: stoppedAt === null ? 'end' : 'stop',
        stopped_at: stoppedAt,
        seconds: 0.4,
        first_seconds: 0.1,
        reused: 3
      },
      { event: 'done', seconds: 0.5 }
    );
  }

  prompt(prompt: string): void {
    const all = [BOS, ...tokens(prompt)];
    this.send({
      event: 'prompt',
      tokens: all,
      window: 512,
      chat: 'plain',
      thinking: false,
      turn_spans: [],
      system: null,
      terms: null
    });
  }

  /** The events of a conversation's answer: each turn behind a token of the format's. */
  answerTurns(answer: string, system: SystemUse | null = null): void {
    const { request } = this;
    const { turns } = request as GenerateRequest;
    const all: Token[] = [];
    const turn_spans = (turns ?? []).map(({ text }) => {
      all.push(BOS);
      const start = all.length;
      all.push(
        ...tokens(text).map(({ id, piece, text, kind }): Token => ({
          id,
          piece,
          text,
          kind
        }))
      );
      return { start, end: all.length };
    });
    all.push(BOS);
    this.send(
      {
        event: 'prompt',
        tokens: all,
        window: 512,
        chat: 'turns',
        thinking: false,
        turn_spans,
        system,
        terms: null
      },
      ...tokens(answer).map((token): JobEvent => ({ event: 'token', token })),
      {
        event: 'answer',
        text: answer,
        tokens: tokens(answer),
        reason: 'end',
        stopped_at: null,
        seconds: 0.4,
        first_seconds: 0.1,
        reused: 0
      },
      { event: 'done', seconds: 0.5 }
    );
  }

  /** Scores of the nth target: the later a token, the higher. */
  scores(...targets: number[]): void {
    const { request } = this;
    if (request.kind !== 'salience') {
      throw new Error('no salience job');
    }
    for (const n of targets) {
      for (const method of ['grad_l2', 'grad_dot_input'] as const) {
        this.send({
          event: 'scores',
          target: request.targets[n],
          method,
          scores: request.ids.map((_, i) =>
            method === 'grad_l2' ? i : i % 2 ? i : -i
          ),
          gap: null,
          foil: null
        });
      }
    }
  }

  /** Scores of a method on demand, by token, of its only target. */
  demandedScores(score: (token: number) => number, gap: number | null): void {
    const { request } = this;
    if (request.kind !== 'salience') {
      throw new Error('no salience job');
    }
    const { targets, methods = [], ids } = request;
    this.send(
      {
        event: 'scores',
        target: targets[0],
        method: methods[0],
        scores: ids.map((_, i) => score(i)),
        gap,
        foil: null
      },
      { event: 'done', seconds: 1 }
    );
  }

  /** Scores of the segments that it takes away, and its end. */
  segmentScores(
    score: (segment: number) => number,
    known: Partial<SegmentScoresEvent> = {}
  ): void {
    const { request } = this;
    if (request.kind !== 'ablation') {
      throw new Error('no ablation job');
    }
    const { target, method, segments } = request;
    this.send(
      {
        event: 'segment_scores',
        target,
        method,
        segments,
        scores: segments.map((_, i) => score(i)),
        errors: segments.map(() => 0.5),
        logprob: -1,
        passes: 6,
        sets: null,
        adaptive: false,
        foil: null,
        ...known
      },
      { event: 'done', seconds: 1 }
    );
  }

  async *events(): AsyncGenerator<JobEvent, void, void> {
    for (let i = 0; ;) {
      while (i < this._events.length) {
        const event = this._events[i++];
        yield event;
        if (['done', 'error', 'cancelled'].includes(event.event)) {
          return;
        }
      }
      if (this._reason) {
        throw this._reason;
      }
      await new Promise<void>(resolve => {
        this._wake = resolve;
      });
    }
  }

  private readonly _events: JobEvent[] = [];
  private _reason: Error | null = null;
  private _wake: () => void = () => undefined;
}
