import { fileURLToPath } from 'node:url';
import { AmphiError, type Closable, isErrorCode, type Logger, messageOf } from '#base';
import type { Config, Role } from '#config';
import { type Child, connectRedis, startChild } from '#platform';
import type { FromRole, RoleContext, RoleProcess, ToRole } from './context.ts';
import {
  type DataFolder,
  loadSecrets,
  nodeName,
  prepareDataFolder,
  turnSecret,
} from './data-folder.ts';
import { FolderLock } from './lock.ts';
import type { LogStream } from './log-stream.ts';
import { freePorts } from './ports.ts';
import { privateRedis } from './private-redis.ts';
import { eachLine, type ProcessSpec, SupervisedProcess } from './supervised.ts';
import { privateTurn, turnserverPath } from './turn/private-turn.ts';

const ROLE_MAIN = fileURLToPath(new URL('./role-main.js', import.meta.url));
const STOP_GRACE_MS = 8_000;
const READY_TIMEOUT_MS = 60_000;

/** What the supervisor says to who asks on its socket. */
export interface SupervisorStatus {
  pid: number;
  version: string;
  processes: { name: string; pid: number | undefined; restarts: number }[];
}

/** Starts everything that this machine's roles need, keeps it alive, and stops it in good order. */
export class Supervisor implements Closable {
  readonly #config: Config;
  readonly #version: string;
  readonly #log: Logger;
  readonly #logs: LogStream;
  readonly #folder: DataFolder;
  readonly #lock: FolderLock;
  /** In the order of their start. */
  readonly #processes: SupervisedProcess[] = [];
  #closing: Promise<void> | undefined;
  #nodeName = '';
  adminToken = '';
  /** The API's address for other nodes; empty where there is none. */
  apiUrl = '';

  private constructor(options: {
    config: Config;
    version: string;
    logs: LogStream;
    folder: DataFolder;
    lock: FolderLock;
  }) {
    this.#config = options.config;
    this.#version = options.version;
    this.#logs = options.logs;
    this.#log = options.logs.log;
    this.#folder = options.folder;
    this.#lock = options.lock;
  }

  /** Resolves when everything is up; when something does not start, stops the rest and rejects. */
  static async start(config: Config, version: string, logs: LogStream): Promise<Supervisor> {
    const folder = await prepareDataFolder(config.dataDir);
    let supervisor: Supervisor | undefined;
    const lock = await FolderLock.take(`${folder.sockets}/supervisor.sock`, config.dataDir, () =>
      JSON.stringify(supervisor?.status() ?? {}),
    );
    supervisor = new Supervisor({ config, version, logs, folder, lock });
    try {
      await supervisor.#startAll();
    } catch (error) {
      await supervisor.close();
      throw error;
    }
    return supervisor;
  }

  status(): SupervisorStatus {
    return {
      pid: process.pid,
      version: this.#version,
      processes: this.#processes.map((p) => ({
        name: p.spec.name,
        pid: p.pid,
        restarts: p.restarts,
      })),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#stopAll();
    return this.#closing;
  }

  async #startAll(): Promise<void> {
    const config = this.#config;
    const roles = processesFor(config);
    const { adminToken, clusterSecret } = await loadSecrets(config);
    this.adminToken = adminToken;
    this.#nodeName = await nodeName(config);
    const relayOnly = roles.every((role) => role === 'edge');
    const databasePath = `${this.#folder.sockets}/postgres.sock`;
    const turn = roles.includes('callserver') ? this.#startTurn() : Promise.resolve(config.turn);
    const context = {
      config,
      version: this.#version,
      adminToken,
      clusterSecret,
      redis: relayOnly
        ? undefined
        : (config.redis.url ?? `unix:${this.#folder.sockets}/redis.sock`),
      database: config.database.url ?? `unix:${databasePath}`,
    };

    const first: Promise<void>[] = [];
    if (!relayOnly && config.redis.url === undefined) {
      const redis = privateRedis({
        folder: this.#folder,
        onOutput: (line) => this.#foreign('redis', line),
      });
      first.push(this.#run(redis));
    }
    if (roles.includes('api') && config.database.url === undefined) {
      const embedded = { folder: this.#folder.database, socketPath: databasePath };
      first.push(this.#run(this.#role('database', { ...context, embedded }, 0, 0)));
    }
    await Promise.all(first);
    if (!relayOnly && config.redis.url !== undefined) await this.#checkRedis(config.redis.url);
    context.config = { ...config, turn: await turn };

    const ports = await freePorts(roles.length, config.internal.host);
    await Promise.all(
      roles.map((role, i) => {
        const index = roles.slice(0, i).filter((other) => other === role).length;
        if (role === 'api') this.apiUrl = `http://${config.internal.host}:${ports[i]}`;
        return this.#run(this.#role(role, context, ports[i] ?? 0, index));
      }),
    );
  }

  /** A TURN server beside the call server. Without it everything else goes on; then the log says why. */
  async #startTurn(): Promise<Config['turn']> {
    const config = this.#config;
    const command = turnserverPath();
    if (config.turn.server === 'off' || config.turn.urls.length > 0 || command === undefined) {
      return config.turn;
    }
    try {
      const secret = await turnSecret(config);
      const onOutput = (line: string) => this.#foreign('turn', line);
      const { spec, urls } = await privateTurn({
        config,
        command,
        folder: this.#folder,
        secret,
        onOutput,
      });
      // Meanwhile something else may have failed.
      if (this.#closing !== undefined) return config.turn;
      await this.#run(spec);
      return { ...config.turn, urls, secret };
    } catch (error) {
      const reason = messageOf(error);
      this.#log.warn({ reason }, 'no TURN server: coturn does not start');
      return config.turn;
    }
  }

  async #stopAll(): Promise<void> {
    // The way in first, what others stand on last.
    for (const supervised of [...this.#processes].reverse()) await supervised.stop();
    await this.#lock.close();
  }

  #nodeIdOf(processName: string): string {
    return `${this.#nodeName}-${processName}`;
  }

  async #run(spec: ProcessSpec): Promise<void> {
    const supervised = new SupervisedProcess(spec, this.#log);
    this.#processes.push(supervised);
    supervised.on('died', (name) => this.#tellSiblings(name));
    try {
      await supervised.start();
    } catch (error) {
      this.#processes.splice(this.#processes.indexOf(supervised), 1);
      throw error;
    }
  }

  /** A worker that lives on takes over at once what the dead one did. */
  #tellSiblings(name: string): void {
    const kind = name.split('.')[0];
    for (const { spec, process } of this.#processes) {
      if (spec.name === name || spec.name.split('.')[0] !== kind) continue;
      process?.send?.(
        { type: 'sibling-died', nodeId: this.#nodeIdOf(name) } satisfies ToRole,
        () => {},
      );
    }
  }

  #role(
    role: RoleProcess,
    context: Omit<RoleContext, 'nodeId' | 'internalPort'>,
    internalPort: number,
    index: number,
  ): ProcessSpec {
    const name = role === 'transcode' ? `${role}.${index}` : role;
    return {
      name,
      start: () => {
        const child = startChild(process.execPath, ['--enable-source-maps', ROLE_MAIN, role], {
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
          detached: true,
        });
        eachLine(child.process.stdout, (line) => this.#logs.line(line));
        eachLine(child.process.stderr, (line) => this.#foreign(name, line));
        child.process.on('error', () => {});
        child.process.send({
          type: 'start',
          context: { ...context, nodeId: this.#nodeIdOf(name), internalPort },
        } satisfies ToRole);
        return child;
      },
      ready: (child) => whenReady(child, name),
      stop: async (child) => {
        if (child.process.connected)
          child.process.send({ type: 'stop' } satisfies ToRole, () => {});
        const force = setTimeout(() => child.process.kill('SIGKILL'), STOP_GRACE_MS);
        await child.exited;
        clearTimeout(force);
      },
    };
  }

  /** A line that is not from our logger: another program's, or a crash's. */
  #foreign(name: string, line: string): void {
    if (line.startsWith('{')) this.#logs.line(line);
    else if (name === 'redis' || name === 'turn') this.#log.debug({ process: name }, line);
    else this.#log.warn({ process: name }, line);
  }

  async #checkRedis(url: string): Promise<void> {
    const redis = connectRedis(url, { log: this.#log });
    try {
      await redis.ping();
    } catch (cause) {
      throw new AmphiError('unavailable', {
        detail: `Redis at AMPHI_REDIS_URL does not answer (${messageOf(cause)}); is it running, and is the address right?`,
        cause,
      });
    } finally {
      redis.disconnect();
    }
  }
}

function whenReady(child: Child, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new AmphiError('timeout', `${name} is not ready after ${READY_TIMEOUT_MS / 1000} s`),
        ),
      READY_TIMEOUT_MS,
    );
    child.process.on('message', (message: FromRole) => {
      clearTimeout(timer);
      if (message.type === 'ready') resolve();
      else
        reject(
          new AmphiError(isErrorCode(message.code) ? message.code : 'unavailable', message.reason),
        );
    });
  });
}

/** The processes that these roles mean on this machine. */
export function processesFor(config: Config): Exclude<RoleProcess, 'database'>[] {
  const has = (role: Role) => config.roles.includes(role) || config.roles.includes('all');
  const isRelay = config.edge.upstream.length > 0;
  return [
    ...(has('edge') && !isRelay ? (['origin'] as const) : []),
    ...(has('api') ? (['api'] as const) : []),
    ...(has('ingest') ? (['ingest'] as const) : []),
    ...(has('callserver') ? (['callserver'] as const) : []),
    ...(has('transcode')
      ? Array.from({ length: config.transcode.workers }, () => 'transcode' as const)
      : []),
    ...(has('edge') || has('api') ? (['edge'] as const) : []),
  ];
}
