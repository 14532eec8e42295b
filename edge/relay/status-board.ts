import { AmphiError, delay, isAmphiError, type Logger, messageOf } from '#base';
import { type Exchange, sendProblem, sendResource, toProblem } from '../http/exchange.ts';
import type { Resource } from '../http/resource.ts';
import type { Grant } from './access.ts';

/**
 * What watch pages show beside the picture. However many wait for news of an
 * event, and whatever they have seen already, the parent is asked one question
 * at a time.
 */

export interface StatusAnswer {
  resource: Resource;
  version: number;
}

export interface StatusBoardOptions {
  /** Asks the parent for a version after this one. Rejects with the parent's problem. */
  ask: (eventId: string, after: number, signal: AbortSignal) => Promise<StatusAnswer>;
  log: Logger;
}

export interface StatusQuestion {
  exchange: Exchange;
  /** The version that the viewer has. */
  after: number;
  admit: (restricted: boolean) => Promise<Grant>;
  headers: (resource: Resource, grant: Grant) => Record<string, string | number>;
}

interface Board {
  newest: StatusAnswer | undefined;
  newestAtMs: number;
  waiting: Map<StatusQuestion, NodeJS.Timeout>;
  asking: AbortController | undefined;
  problem: { error: AmphiError; untilMs: number } | undefined;
}

/** A question is held for so long at most. */
const HOLD_MS = 15_000;
/** News that nobody has asked after since may be given for so long. */
const FRESH_MS = 1_000;
const PROBLEM_MS = 500;
/** While no parent answers, the last news stands; then the viewer is told. */
const STALE_MS = 30_000;
const MAX_BOARDS = 5_000;

export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #boards = new Map<string, Board>();

  constructor(options: StatusBoardOptions) {
    this.#options = options;
  }

  get waiting(): number {
    let waiting = 0;
    for (const board of this.#boards.values()) waiting += board.waiting.size;
    return waiting;
  }

  /** Answers everybody who waits. */
  close(): void {
    for (const [eventId, board] of this.#boards) {
      board.newest = undefined;
      this.#fail(eventId, board, new AmphiError('closed'));
      board.asking?.abort(new AmphiError('closed'));
    }
  }

  /** Answers when there is news, at once when there is already. */
  handle(eventId: string, question: StatusQuestion): void {
    const board = this.#board(eventId);
    if (board === undefined) {
      sendProblem(question.exchange, new AmphiError('too_many'));
      return;
    }
    const nowMs = performance.now();
    if (board.problem !== undefined && nowMs < board.problem.untilMs) {
      this.#refuse(question, board.problem.error, false);
      return;
    }
    const isFresh = board.asking !== undefined || nowMs - board.newestAtMs < FRESH_MS;
    if (board.newest !== undefined && isFresh && board.newest.version > question.after) {
      this.#deliver(question, board.newest);
      return;
    }
    const timer = setTimeout(() => {
      board.waiting.delete(question);
      if (board.newest !== undefined) this.#deliver(question, board.newest);
      else this.#refuse(question, new AmphiError('unavailable'), false);
    }, HOLD_MS);
    board.waiting.set(question, timer);
    question.exchange.onClose(() => {
      clearTimeout(timer);
      board.waiting.delete(question);
      if (board.waiting.size === 0) board.asking?.abort(new Error('nobody waits any more'));
    });
    if (board.asking === undefined) this.#follow(eventId, board);
  }

  /** Asks and asks again as long as somebody waits. */
  async #follow(eventId: string, board: Board): Promise<void> {
    // What is known may be old: the first question is for what there is.
    let after = -1;
    while (board.waiting.size > 0) {
      const abort = new AbortController();
      board.asking = abort;
      const askedAtMs = performance.now();
      try {
        const answer = await this.#options.ask(eventId, after, abort.signal);
        board.newest = answer;
        board.newestAtMs = performance.now();
        this.#announce(board, answer);
        // Somebody in between who repeats an old answer must not be asked without end.
        const isEcho = answer.version <= after && board.newestAtMs - askedAtMs < FRESH_MS;
        after = answer.version;
        if (isEcho) await delay(FRESH_MS, abort.signal);
      } catch (error) {
        if (abort.signal.aborted) continue;
        this.#fail(eventId, board, toProblem(error));
        // Who still waits does so on the last news; a parent that refuses at once must not be asked without end.
        if (board.waiting.size > 0) await delay(FRESH_MS, abort.signal).catch(() => {});
      }
    }
    board.asking = undefined;
  }

  #announce(board: Board, answer: StatusAnswer): void {
    for (const [question, timer] of board.waiting) {
      if (answer.version <= question.after) continue;
      clearTimeout(timer);
      board.waiting.delete(question);
      this.#deliver(question, answer);
    }
  }

  #fail(eventId: string, board: Board, error: AmphiError): void {
    const nowMs = performance.now();
    // The parent itself cannot be asked: the last news stands for a while.
    const isAway = isAmphiError(error, 'upstream_failed');
    if (isAway && board.newest !== undefined && nowMs - board.newestAtMs < STALE_MS) return;
    this.#options.log.debug({ eventId, reason: messageOf(error) }, 'no status');
    const restricted = board.newest?.resource.restricted ?? false;
    board.newest = undefined;
    board.problem = { error, untilMs: nowMs + PROBLEM_MS };
    for (const [question, timer] of board.waiting) {
      clearTimeout(timer);
      this.#refuse(question, error, restricted);
    }
    board.waiting.clear();
  }

  #deliver(question: StatusQuestion, { resource }: StatusAnswer): void {
    const { exchange } = question;
    question.admit(resource.restricted).then(
      (grant) => sendResource(exchange, resource, question.headers(resource, grant)),
      (error) => sendProblem(exchange, error),
    );
  }

  #refuse({ exchange, admit }: StatusQuestion, error: AmphiError, restricted: boolean): void {
    admit(restricted).then(
      () => sendProblem(exchange, error),
      (refusal) => sendProblem(exchange, refusal),
    );
  }

  #board(eventId: string): Board | undefined {
    let board = this.#boards.get(eventId);
    if (board !== undefined) return board;
    if (this.#boards.size >= MAX_BOARDS) this.#clear();
    if (this.#boards.size >= MAX_BOARDS) return undefined;
    board = {
      newest: undefined,
      newestAtMs: Number.NEGATIVE_INFINITY,
      waiting: new Map(),
      asking: undefined,
      problem: undefined,
    };
    this.#boards.set(eventId, board);
    return board;
  }

  /** Forgets events that nobody asks after. */
  #clear(): void {
    for (const [eventId, board] of this.#boards) {
      if (board.waiting.size === 0 && board.asking === undefined) this.#boards.delete(eventId);
    }
  }
}
