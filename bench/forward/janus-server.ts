import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '#support';
import type { Namespace } from './namespace.ts';

const PORT = 8088;
/** The poll is held by the server for at most half a minute. */
const MAX_EVENTS = 100;

interface JanusEvent {
  janus: string;
  sender?: number;
  transaction?: string;
  data?: { id: number };
  plugindata?: { data: { videoroom?: string; error?: string } };
  jsep?: { type: string; sdp: string };
  error?: { reason: string };
}

export interface JanusServer {
  pid: number;
  api: JanusApi;
  close(): Promise<void>;
}

/** Janus with its VideoRoom and one event loop, in a namespace and on a core of its own. */
export async function startJanusServer(namespace: Namespace, core: number): Promise<JanusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'amphi-bench-janus-'));
  await writeConfiguration(folder);
  const command = ['netns', 'exec', namespace.name, 'taskset', '-c', String(core)];
  const child = spawn('ip', [...command, 'janus', '-F', folder, '--debug-level=1'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const api = new JanusApi(`http://${namespace.inside}:${PORT}/janus`);
  const close = async () => {
    api.close();
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until('Janus to answer', () => answers(child, `${api.base}/info`), 10_000);
    await api.begin();
    return { pid: child.pid ?? 0, api, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export function sdpOf(event: JanusEvent): string {
  if (event.jsep === undefined)
    throw new Error(`no description from Janus: ${JSON.stringify(event)}`);
  return event.jsep.sdp;
}

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`Janus ended with ${child.exitCode}`);
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Everything off but the room and the HTTP interface. */
async function writeConfiguration(folder: string): Promise<void> {
  const libraries = ['/usr/lib/x86_64-linux-gnu/janus', '/usr/lib/aarch64-linux-gnu/janus'].find(
    existsSync,
  );
  if (libraries === undefined)
    throw new Error('the plugins of Janus are not where Debian puts them');
  await writeFile(
    join(folder, 'janus.jcfg'),
    `general: { configs_folder = "${folder}" plugins_folder = "${libraries}/plugins" transports_folder = "${libraries}/transports" session_timeout = 0 event_loops = 1 server_name = "bench" }
media: { ipv6 = false }
nat: { full_trickle = false }
plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so" }
transports: { disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so" }
`,
  );
  await writeFile(
    join(folder, 'janus.transport.http.jcfg'),
    `general: { json = "compact" base_path = "/janus" http = true port = ${PORT} https = false }\n`,
  );
  await writeFile(join(folder, 'janus.plugin.videoroom.jcfg'), 'general: { }\n');
}

/** One session of Janus's HTTP interface, and the events of its handles. */
export class JanusApi {
  readonly base: string;
  readonly #abort = new AbortController();
  readonly #waiting = new Map<
    string,
    { resolve: (e: JanusEvent) => void; reject: (e: Error) => void }
  >();
  #session = '';
  #count = 0;

  constructor(base: string) {
    this.base = base;
  }

  async begin(): Promise<void> {
    const { data } = await this.#post(this.base, { janus: 'create' });
    this.#session = `${this.base}/${data?.id}`;
    this.#poll().catch((error) => {
      if (this.#abort.signal.aborted) return;
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  async attach(): Promise<number> {
    const plugin = 'janus.plugin.videoroom';
    const { data } = await this.#post(this.#session, { janus: 'attach', plugin });
    return data?.id ?? 0;
  }

  /** Resolves with what the room says to it: at once, or as an event. */
  async ask(handle: number, body: object, jsep?: object): Promise<JanusEvent> {
    const transaction = `t${this.#count++}`;
    const event = new Promise<JanusEvent>((resolve, reject) =>
      this.#waiting.set(transaction, { resolve, reject }),
    );
    const url = `${this.#session}/${handle}`;
    const answer = await this.#post(url, { janus: 'message', transaction, body, jsep });
    const said = answer.janus === 'success' ? answer : await event;
    this.#waiting.delete(transaction);
    const problem = said.plugindata?.data.error;
    if (problem !== undefined) throw new Error(`Janus: ${problem}`);
    return said;
  }

  close(): void {
    this.#abort.abort();
  }

  async #poll(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      const response = await fetch(`${this.#session}?maxev=${MAX_EVENTS}`, {
        signal: this.#abort.signal,
      });
      const events = (await response.json()) as JanusEvent | JanusEvent[];
      for (const event of Array.isArray(events) ? events : [events]) {
        if (event.transaction !== undefined) this.#waiting.get(event.transaction)?.resolve(event);
      }
    }
  }

  async #post(url: string, message: Record<string, unknown>): Promise<JanusEvent> {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ transaction: `t${this.#count++}`, ...message }),
      signal: this.#abort.signal,
    });
    const answer = (await response.json()) as JanusEvent;
    if (answer.janus === 'error') throw new Error(`Janus: ${answer.error?.reason}`);
    return answer;
  }
}
