import { WebSocket } from 'ws';
import type {
  ClientMessageInput,
  CreatedMeeting,
  CreateMeeting,
  JoinedMeeting,
  ServerMessage,
} from '#contracts';
import { ADMIN_TOKEN } from './instance.ts';

type Type = ServerMessage['type'];
type Of<T extends Type> = Extract<ServerMessage, { type: T }>;

const PATIENCE_MS = 30_000;

/** Somebody in a meeting, without media: what a room page says and hears. */
export class SignalClient {
  readonly participantId: string;
  readonly messages: ServerMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly socket: WebSocket;
  #waiting: (() => void)[] = [];
  #refs = 0;

  constructor(url: string, participantId: string, options: { localAddress?: string } = {}) {
    this.participantId = participantId;
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)) as ServerMessage);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  /** Asks to come in over HTTP and opens the socket; says nothing on it yet. */
  static async knock(
    base: string,
    meetingId: string,
    person: { displayName?: string; password?: string; hostToken?: string } = {},
  ): Promise<SignalClient> {
    const joined = await join(base, meetingId, person);
    return new SignalClient(joined.webSocketUrl, joined.participantId);
  }

  /** Comes in, and waits until it is in or waits for a host. */
  static async join(
    base: string,
    meetingId: string,
    person: { displayName?: string; password?: string; hostToken?: string } = {},
  ): Promise<SignalClient> {
    const client = await SignalClient.knock(base, meetingId, person);
    await client.opened();
    client.say({ type: 'join', participantId: client.participantId });
    await client.next('welcome', 'waiting', 'error');
    return client;
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState === WebSocket.OPEN) resolve();
      this.socket.once('open', () => resolve());
      this.socket.once('error', reject);
    });
  }

  say(message: ClientMessageInput): void {
    this.raw(JSON.stringify(message));
  }

  raw(data: string | Buffer): void {
    this.socket.send(data);
  }

  /** Says it and waits for the answer. */
  async ask(message: ClientMessageInput): Promise<Of<'ok'> | Of<'error'>> {
    const ref = `ask ${++this.#refs} ${this.messages.length}`;
    this.say({ ...message, ref });
    return this.until(
      `an answer to ${message.type}`,
      (one): one is Of<'ok'> | Of<'error'> =>
        (one.type === 'ok' || one.type === 'error') && one.ref === ref,
    );
  }

  /** The first message of one of these types, from the beginning; or the one that comes. */
  next<T extends Type>(...types: T[]): Promise<Of<T>> {
    return this.until(types.join(' or '), (one): one is Of<T> =>
      (types as Type[]).includes(one.type),
    );
  }

  /** The first message of which that is true, from the beginning; or the one that comes. */
  async until<T extends ServerMessage>(
    what: string,
    is: ((one: ServerMessage) => one is T) | ((one: ServerMessage) => boolean),
  ): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.messages.find(is);
      if (found !== undefined) return found as T;
      const left = deadline - performance.now();
      const over = this.socket.readyState >= WebSocket.CLOSING;
      if (left <= 0 || over) {
        const heard = this.messages.map(({ type }) => type).join(', ');
        throw new Error(`no ${what}${over ? ': the socket is closed' : ''}; heard ${heard}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  of<T extends Type>(type: T): Of<T>[] {
    return this.messages.filter((one): one is Of<T> => one.type === type);
  }

  /** The network goes, without a word. */
  cut(): void {
    this.socket.terminate();
  }

  /** Comes back by a new socket, with the newest token. */
  async resume(more: { sequence?: number; url?: string } = {}): Promise<SignalClient> {
    const { token } = await this.next('token');
    const url = new URL(more.url ?? this.socket.url);
    url.searchParams.set('token', this.of('token').at(-1)?.token ?? token);
    const again = new SignalClient(url.href, this.participantId);
    await again.opened();
    const key = [...this.messages].reverse().find((one) => 'resumeKey' in one) as Of<'welcome'>;
    again.say({
      type: 'resume',
      participantId: this.participantId,
      resumeKey: key.resumeKey,
      sequence: more.sequence ?? this.sequence,
    });
    return again;
  }

  /** That of the latest numbered message. */
  get sequence(): number {
    return this.messages.reduce((latest, { sequence }) => Math.max(latest, sequence), 0);
  }
}

/** A new meeting, made with the admin token. */
export async function createMeeting(
  base: string,
  meeting: Partial<CreateMeeting> = {},
): Promise<CreatedMeeting> {
  const answer = await post(
    `${base}/api/meetings`,
    { title: 'Test meeting', ...meeting },
    ADMIN_TOKEN,
  );
  if (!answer.ok) throw new Error(`no meeting: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as CreatedMeeting;
}

async function join(
  base: string,
  meetingId: string,
  person: { displayName?: string; password?: string; hostToken?: string },
): Promise<JoinedMeeting> {
  const { hostToken, displayName = 'Somebody', ...rest } = person;
  const url = `${base}/api/meetings/${meetingId}/join`;
  const answer = await post(url, { displayName, ...rest }, hostToken);
  if (!answer.ok) throw new Error(`not joined: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as JoinedMeeting;
}

const post = (url: string, body: object, token: string | undefined): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
