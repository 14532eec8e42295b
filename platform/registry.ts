import { AmphiError, type Closable, delay, type Logger, messageOf } from '#base';
import { NODE_TTL_SECONDS, type NodeRecord, nodeKey, nodeRecordSchema } from '#contracts';
import type { Redis } from './redis.ts';

const REFRESH_MS = (NODE_TTL_SECONDS * 1000) / 3;
const CACHE_MS = 1_000;
/** A Redis that takes longer to say where somebody is hangs: nobody waits for it who knows an older answer. */
const PATIENCE_MS = 250;
/** Who knows none waits longer, and is told so in the end. */
const FIRST_PATIENCE_MS = 2_000;

interface Asking {
  /** Monotonic milliseconds. */
  since: number;
  records: Promise<NodeRecord[]>;
}

/** Who is there, and where: each process keeps a lease on its own record in Redis. */
export class NodeRegistry implements Closable {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #known = new Map<string, { at: number; records: NodeRecord[] }>();
  readonly #asking = new Map<string, Asking>();
  #own: { record: NodeRecord; timer: NodeJS.Timeout } | undefined;

  constructor(redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
  }

  /** Announces this process and goes on announcing it until closed. */
  async register(record: NodeRecord): Promise<void> {
    const write = () =>
      this.#redis
        .multi()
        .sadd(roleKey(record.role), record.nodeId)
        .set(nodeKey(record.role, record.nodeId), JSON.stringify(record), 'EX', NODE_TTL_SECONDS)
        .exec()
        .catch((error) =>
          this.#log.debug({ reason: messageOf(error) }, 'could not renew node record'),
        );
    this.#own = { record, timer: setInterval(write, REFRESH_MS) };
    await write();
  }

  /**
   * The processes of a role, youngest first. While Redis is away, or does not
   * answer, the last answer stands: where somebody was is the best guess at
   * where they are.
   */
  async find(role: string): Promise<NodeRecord[]> {
    const known = this.#known.get(role);
    const now = performance.now();
    if (known !== undefined && now - known.at < CACHE_MS) return known.records;
    const asking = this.#asking.get(role) ?? this.#ask(role, now);
    const patienceMs = known === undefined ? FIRST_PATIENCE_MS : PATIENCE_MS;
    const abort = new AbortController();
    const overdue = delay(Math.max(0, asking.since + patienceMs - now), abort.signal).then(() => {
      throw new AmphiError('unavailable', 'Redis does not answer');
    });
    try {
      return await Promise.race([asking.records, overdue]);
    } catch (error) {
      if (known !== undefined) return known.records;
      throw error;
    } finally {
      overdue.catch(() => {});
      abort.abort();
    }
  }

  /** One question at a time: a Redis that hangs would gather them. */
  #ask(role: string, since: number): Asking {
    const records = this.#read(role).finally(() => this.#asking.delete(role));
    records.catch(() => {});
    const asking = { since, records };
    this.#asking.set(role, asking);
    return asking;
  }

  async #read(role: string): Promise<NodeRecord[]> {
    const ids = await this.#redis.smembers(roleKey(role));
    const values =
      ids.length === 0 ? [] : await this.#redis.mget(ids.map((id) => nodeKey(role, id)));
    const gone = ids.filter((_, i) => values[i] === null);
    if (gone.length > 0) await this.#redis.srem(roleKey(role), ...gone);
    const records: NodeRecord[] = [];
    for (const value of values) {
      if (value === null) continue;
      const parsed = nodeRecordSchema.safeParse(JSON.parse(value));
      if (parsed.success) records.push(parsed.data);
    }
    records.sort((a, b) => b.startedAt - a.startedAt);
    this.#known.set(role, { at: performance.now(), records });
    return records;
  }

  async close(): Promise<void> {
    if (this.#own === undefined) return;
    clearInterval(this.#own.timer);
    const { role, nodeId } = this.#own.record;
    this.#own = undefined;
    await this.#redis.del(nodeKey(role, nodeId)).catch(() => {});
  }
}

const roleKey = (role: string): string => `amphi:nodes:${role}`;
