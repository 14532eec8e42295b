import { asError, Disposer, isAmphiError, messageOf, systemCodeOf } from '#base';
import type { FromRole, RoleContext, RoleProcess, ToRole } from './context.ts';
import { listenTrouble } from './listen-trouble.ts';
import type { RoleMain, RunningRole } from './roles/common.ts';

/**
 * The entry of every role's process: takes its context from the supervisor,
 * runs, stops when told, and goes at once when the supervisor is gone.
 */

const role = process.argv[2] as RoleProcess;
const disposer = new Disposer();
let running: RunningRole | undefined;
let stopping = false;

const tell = (message: FromRole) => process.send?.(message);

/** Each role loads only what it needs: the sooner it is up, the shorter the gap after a crash. */
const ROLES: Record<Exclude<RoleProcess, 'database'>, () => Promise<RoleMain>> = {
  api: async () => (await import('./roles/api.ts')).api,
  callserver: async () => (await import('./roles/callserver.ts')).callserver,
  ingest: async () => (await import('./roles/ingest.ts')).ingest,
  transcode: async () => (await import('./roles/transcode.ts')).transcode,
  origin: async () => (await import('./roles/origin.ts')).origin,
  edge: async () => (await import('./roles/edge.ts')).edge,
};

async function start(context: RoleContext): Promise<RunningRole> {
  if (role === 'database') return (await import('./roles/database.ts')).database(context);
  const [main, { roleBase }] = await Promise.all([ROLES[role](), import('./roles/common.ts')]);
  return main(roleBase(context, role, disposer));
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  try {
    await running?.close();
    await disposer.close();
  } finally {
    process.exit(0);
  }
}

/** Tells why it does not start. What nobody foresaw goes into the log with its stack. */
function fail(error: unknown, { config }: RoleContext): void {
  const trouble = listenTrouble(error, config);
  const reason = trouble ?? `${role}: ${messageOf(error)}`;
  const code = isAmphiError(error) ? error.code : (systemCodeOf(error) ?? 'internal');
  if (code === 'internal') {
    const { stack } = asError(error);
    console.error(JSON.stringify({ level: 50, role, msg: messageOf(error), stack }));
  }
  const failed: FromRole = { type: 'failed', reason, code };
  process.send?.(failed, () => process.exit(1));
}

process.on('message', (message: ToRole) => {
  switch (message.type) {
    case 'start':
      start(message.context).then(
        (started) => {
          running = started;
          tell({ type: 'ready' });
        },
        (error) => fail(error, message.context),
      );
      break;
    case 'sibling-died':
      running?.siblingDied?.(message.nodeId);
      break;
    case 'stop':
      stop();
      break;
  }
});
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => stop());
// Ctrl-C reaches the whole group; the supervisor decides the order.
process.on('SIGINT', () => {});
