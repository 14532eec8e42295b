import { WebSocket } from 'ws';
import type { CallEvent, CallMessageInput, ProblemView, UserView } from '#contracts';
import { type Instance, until } from '#support';

interface Answer {
  status: number;
  code: string;
  value: unknown;
  cookies: string[];
  retryAfter: string | null;
}

export interface SignedIn {
  user: UserView;
  token: string;
}

export const PASSWORD = 'correct horse';

/** Accounts of one Amphi, over its public port. */
export class People {
  readonly #amphi: Instance;

  constructor(amphi: Instance) {
    this.#amphi = amphi;
  }

  async call(
    method: string,
    path: string,
    more: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { body, token, headers } = more;
    const answer = await fetch(`${this.#amphi.base}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const value: unknown = text === '' ? undefined : JSON.parse(text);
    return {
      status: answer.status,
      code: (value as ProblemView | undefined)?.code ?? '',
      value,
      cookies: answer.headers.getSetCookie(),
      retryAfter: answer.headers.get('retry-after'),
    };
  }

  async signUp(name: string): Promise<SignedIn> {
    const body = { email: `${name}@Example.org`, password: PASSWORD, displayName: name };
    return (await this.call('POST', '/api/users', { body })).value as SignedIn;
  }

  /** Two new accounts that are each other's contacts. */
  async friends(a: string, b: string): Promise<[SignedIn, SignedIn]> {
    const pair: [SignedIn, SignedIn] = [await this.signUp(a), await this.signUp(b)];
    await this.ask(pair[0], b);
    await this.ask(pair[1], a);
    return pair;
  }

  ask({ token }: SignedIn, name: string): Promise<Answer> {
    return this.call('POST', '/api/contacts', { body: { email: `${name}@example.org` }, token });
  }

  change({ token }: SignedIn, { user }: SignedIn, state: 'accepted' | 'blocked'): Promise<Answer> {
    return this.call('PATCH', `/api/contacts/${user.userId}`, { body: { state }, token });
  }

  /** Another session of that account. */
  async signIn({ user: { email } }: SignedIn): Promise<SignedIn> {
    const body = { email, password: PASSWORD };
    return (await this.call('POST', '/api/sessions', { body })).value as SignedIn;
  }

  /** Where a device connects to, soon. */
  async address({ token }: SignedIn): Promise<string> {
    const answer = await this.call('POST', '/api/users/me/socket', { token });
    return (answer.value as { webSocketUrl: string }).webSocketUrl;
  }

  /** A new device, before it has heard anything. */
  async connect(who: SignedIn): Promise<Device> {
    return new Device(await this.address(who));
  }

  /** A new device that has been told how things stand. */
  async device(who: SignedIn): Promise<Device> {
    const device = await this.connect(who);
    await device.next('hello');
    return device;
  }
}

/** A device of an account. */
export class Device {
  readonly events: CallEvent[] = [];
  readonly socket: WebSocket;
  /** By which code. */
  readonly closed: Promise<number>;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('message', (data) => this.events.push(JSON.parse(String(data)) as CallEvent));
    this.socket.on('error', () => {});
  }

  say(message: CallMessageInput): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first event of this type that nobody has taken yet. */
  next<Type extends CallEvent['type']>(type: Type): Promise<Extract<CallEvent, { type: Type }>> {
    return until(
      `an event ${type}`,
      () => {
        const at = this.events.findIndex((event) => event.type === type);
        return at < 0
          ? undefined
          : (this.events.splice(at, 1)[0] as Extract<CallEvent, { type: Type }>);
      },
      30_000,
      5,
    );
  }

  async refusal(message: CallMessageInput): Promise<string> {
    this.say({ ...message, ref: 'x' });
    return (await this.next('error')).code;
  }

  /** Everything that was said to this device before now has been heard. */
  async settled(): Promise<void> {
    this.say({ type: 'ping', sent: 0 });
    await this.next('pong');
  }
}
