interface Expected {
  password: string;
  /** What ends what it holds. */
  held: Set<() => void>;
}

/** The peers that may come by way of a bridge, by their username fragment on our side. */
export class ExpectedPeers {
  readonly #maxPerPeer: number;
  readonly #peers = new Map<string, Expected>();

  /** `maxPerPeer`: connections that each may hold. */
  constructor(maxPerPeer: number) {
    this.#maxPerPeer = maxPerPeer;
  }

  /** Our password towards it (RFC 8445 5.3); undefined for a stranger. */
  readonly passwordOf = (usernameFragment: string): string | undefined =>
    this.#peers.get(usernameFragment)?.password;

  expect(usernameFragment: string, password: string): void {
    this.#peers.set(usernameFragment, { password, held: new Set() });
  }

  /** Its session has ended: so does what it holds. */
  forget(usernameFragment: string): void {
    const peer = this.#peers.get(usernameFragment);
    this.#peers.delete(usernameFragment);
    for (const end of peer?.held ?? []) end();
  }

  /** One more connection of it, which `end` ends. Returns false for a stranger, and at the bound. */
  admit(usernameFragment: string, end: () => void): boolean {
    const held = this.#peers.get(usernameFragment)?.held;
    if (held === undefined || held.size >= this.#maxPerPeer) return false;
    held.add(end);
    return true;
  }

  release(usernameFragment: string, end: () => void): void {
    this.#peers.get(usernameFragment)?.held.delete(end);
  }
}
