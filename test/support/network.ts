import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Addresses of one process, so that what another one has left behind is not in the way. */
const HALF = process.pid % 128;
const INSIDE = `10.213.${2 * HALF}`;
const OUTSIDE = `10.213.${2 * HALF + 1}`;

/**
 * A network for one client: its namespace, a router's with an address
 * translation and a firewall, and this one, where servers are.
 *
 *     client ── router (translates, filters) ── here
 */
export class Network {
  /** Where servers listen for it. */
  readonly server = `${OUTSIDE}.1`;
  /** What they see of the client. */
  readonly translated = `${OUTSIDE}.2`;
  readonly #client = `amphi-client-${process.pid}`;
  readonly #router = `amphi-router-${process.pid}`;
  readonly #cable = `amn${process.pid % 100_000}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'amphi-network-'));
  #clientHost = 2;

  private constructor() {}

  /** Why there can be none here; undefined when there can. */
  static trouble(): string | undefined {
    if (process.getuid?.() !== 0) return 'network namespaces need root';
    try {
      for (const command of [
        ['ip', '-V'],
        ['nft', '-v'],
      ]) {
        run(command[0] ?? '', ...command.slice(1));
      }
      const probe = `amphi-probe-${process.pid}`;
      run('ip', 'netns', 'add', probe);
      run('ip', 'netns', 'delete', probe);
      return undefined;
    } catch (error) {
      return `network namespaces cannot be made here: ${(error as Error).message.split('\n')[0]}`;
    }
  }

  static open(): Network {
    const network = new Network();
    try {
      network.#build();
      network.filter([]);
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  #build(): void {
    const [client, router, cable] = [this.#client, this.#router, this.#cable];
    for (const name of [client, router]) {
      run('ip', 'netns', 'add', name);
      run('ip', '-n', name, 'link', 'set', 'lo', 'up');
    }
    run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'wan', 'netns', router);
    run('ip', 'address', 'add', `${this.server}/24`, 'dev', cable);
    run('ip', 'link', 'set', cable, 'up');
    run('ip', '-n', router, 'address', 'add', `${this.translated}/24`, 'dev', 'wan');
    run('ip', '-n', router, 'link', 'set', 'wan', 'up');
    const inside = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', client];
    run('ip', '-n', router, 'link', 'add', 'lan', ...inside);
    run('ip', '-n', router, 'address', 'add', `${INSIDE}.1/24`, 'dev', 'lan');
    run('ip', '-n', router, 'link', 'set', 'lan', 'up');
    run('ip', '-n', client, 'link', 'set', 'eth0', 'up');
    run('ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    this.#address();
  }

  #address(): void {
    const client = this.#client;
    run('ip', '-n', client, 'address', 'add', `${INSIDE}.${this.#clientHost}/24`, 'dev', 'eth0');
    run('ip', '-n', client, 'route', 'replace', 'default', 'via', `${INSIDE}.1`);
  }

  /**
   * What the router lets through from now on, as verdicts of nftables for
   * forwarded packets. The translation is symmetric: each connection gets a
   * random port of its own, and only its other end comes back in.
   */
  filter(rules: readonly string[]): void {
    const ruleset = [
      'flush ruleset',
      'table ip net {',
      '  chain out { type nat hook postrouting priority 100; oifname "wan" masquerade fully-random; }',
      '  chain through {',
      '    type filter hook forward priority 0;',
      ...rules.map((rule) => `    ${rule}`),
      '    iifname "wan" ct state new drop;',
      '  }',
      '}',
    ].join('\n');
    const path = join(this.#folder, 'ruleset.nft');
    writeFileSync(path, ruleset);
    run('ip', 'netns', 'exec', this.#router, 'nft', '-f', path);
  }

  /** The client is somewhere else from now on: another address, and none of what it had open goes on. */
  move(): void {
    run('ip', '-n', this.#client, 'address', 'flush', 'dev', 'eth0');
    this.#clientHost++;
    this.#address();
  }

  /** An executable that runs this one within the client's namespace. */
  inside(executable: string): string {
    const path = join(this.#folder, 'inside.sh');
    const enter = `exec ip netns exec ${this.#client} ${executable} "$@"`;
    writeFileSync(path, `#!/bin/sh\n${enter}\n`);
    chmodSync(path, 0o700);
    return path;
  }

  close(): void {
    const made = [
      // Namespaces go some time after they are deleted, this end of the cable at once.
      ['link', 'delete', this.#cable],
      ['netns', 'delete', this.#client],
      ['netns', 'delete', this.#router],
    ];
    for (const args of made) {
      try {
        run('ip', ...args);
      } catch {
        // It was never made.
      }
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
