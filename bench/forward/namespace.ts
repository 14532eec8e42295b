import { execFileSync } from 'node:child_process';

/**
 * A network namespace with a cable to this one. Servers that leave out the
 * loopback interface can be measured there, and what goes over the cable is
 * theirs alone.
 */
export class Namespace {
  readonly name = `amphi-bench-${process.pid}`;
  /** Addresses of the ends of the cable. */
  readonly inside = '10.213.77.2';
  readonly outside = '10.213.77.1';
  readonly #cable = `amb${process.pid % 100_000}`;

  /** Needs root. */
  static open(): Namespace {
    const namespace = new Namespace();
    const { name, inside, outside } = namespace;
    const cable = namespace.#cable;
    ip('netns', 'add', name);
    try {
      ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', `${cable}i`, 'netns', name);
      ip('address', 'add', `${outside}/24`, 'dev', cable);
      ip('link', 'set', cable, 'up');
      ip('-n', name, 'address', 'add', `${inside}/24`, 'dev', `${cable}i`);
      ip('-n', name, 'link', 'set', `${cable}i`, 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
    } catch (error) {
      namespace.close();
      throw error;
    }
    return namespace;
  }

  /** The cable goes with it. */
  close(): void {
    ip('netns', 'delete', this.name);
  }
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
