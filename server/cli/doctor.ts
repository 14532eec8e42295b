import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { access, constants, mkdir, readFile, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { messageOf, silentLogger } from '#base';
import type { Config } from '#config';
import { connectRedis, probeFfmpeg } from '#platform';
import { openDatabase } from '#platform/sql';
import { workingEncoders } from '#transcode';
import { prepareDataFolder } from '../data-folder.ts';
import { isUnspecified } from '../local-address.ts';
import { askHolder } from '../lock.ts';
import { announcedAddresses, isPrivateAddress, udpPortTrouble } from '../media/addresses.ts';
import { tcpPortTrouble } from '../ports.ts';
import { turnPortTrouble, turnserverPath } from '../turn/private-turn.ts';

/** What a check found, and what to do about it. */
interface Finding {
  what: string;
  verdict: 'ok' | 'warn' | 'fail';
  says: string;
  advice?: string;
}

const run = promisify(execFile);
const MIN_FREE_BYTES = 2 * 1024 ** 3;
const CERTIFICATE_WARN_DAYS = 14;
const MIN_REDIS_MAJOR = 7;

/** `amphi doctor`: looks at everything that Amphi stands on and says what to do. */
export function addDoctorCommand(program: Command, load: () => Config): void {
  program
    .command('doctor')
    .description('check ffmpeg, Redis, ports, TLS and the data folder, and say what to do')
    .action(async () => {
      const findings = await examine(load());
      const { json } = program.opts<{ json?: boolean }>();
      process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : report(findings));
      if (findings.some(({ verdict }) => verdict === 'fail')) process.exitCode = 1;
    });
}

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

function report(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.flatMap(({ what, verdict, says, advice }) => [
    `${MARKS[verdict]}  ${what.padEnd(width)}  ${says}`,
    ...(advice === undefined ? [] : [`${' '.repeat(width + 8)}${advice}`]),
  ]);
  return `${lines.join('\n')}\n`;
}

async function examine(config: Config): Promise<Finding[]> {
  const folder = await prepareDataFolder(config.dataDir);
  const running = (await askHolder(`${folder.sockets}/supervisor.sock`)) !== undefined;
  const checks: (() => Promise<Finding | Finding[]>)[] = [
    async () => ({ what: 'Node.js', verdict: 'ok', says: process.version }),
    checkFfmpeg,
    checkEncoders,
    () => checkRedis(config),
    () => checkDatabase(config),
    () => checkDataFolder(config),
    () => checkPorts(config, running),
    () => checkMediaPorts(config, running),
    () => checkTurn(config, running),
    () => checkTls(config),
  ];
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...[await check()].flat());
  return findings;
}

async function checkFfmpeg(): Promise<Finding> {
  const what = 'ffmpeg';
  try {
    const info = await probeFfmpeg();
    const { stdout } = await run('ffmpeg', ['-hide_banner', '-encoders']);
    const missing = ['libx264', ' aac ', 'mjpeg'].filter((name) => !stdout.includes(name));
    if (missing.length > 0) {
      return {
        what,
        verdict: 'fail',
        says: `${info.version} lacks ${missing.join(', ').trim()}`,
        advice: 'Install a full build of ffmpeg (Debian: apt-get install ffmpeg).',
      };
    }
    if (info.major < 5) {
      return {
        what,
        verdict: 'warn',
        says: `${info.version} is older than what Amphi is tested with`,
        advice: 'Use ffmpeg 5.1 or newer.',
      };
    }
    return { what, verdict: 'ok', says: info.version };
  } catch (error) {
    return {
      what,
      verdict: 'fail',
      says: messageOf(error),
      advice: 'Install it: apt-get install ffmpeg',
    };
  }
}

async function checkEncoders(): Promise<Finding> {
  const names = await workingEncoders();
  return { what: 'encoders', verdict: 'ok', says: `${names.join(', ')} (the first is used)` };
}

async function checkRedis(config: Config): Promise<Finding> {
  const what = 'Redis';
  if (config.redis.url === undefined) {
    try {
      const { stdout } = await run('redis-server', ['--version']);
      const version = stdout.match(/v=(\d+)\.(\S+)/);
      const old = Number(version?.[1] ?? 0) < MIN_REDIS_MAJOR;
      return {
        what,
        verdict: old ? 'warn' : 'ok',
        says: `private redis-server ${version?.[1]}.${version?.[2]}`,
        ...(old ? { advice: `Use Redis ${MIN_REDIS_MAJOR} or newer.` } : {}),
      };
    } catch (error) {
      const advice = 'Install it (apt-get install redis-server), or set AMPHI_REDIS_URL.';
      return {
        what,
        verdict: 'fail',
        says: `redis-server does not run: ${messageOf(error)}`,
        advice,
      };
    }
  }
  const redis = connectRedis(config.redis.url, { log: silentLogger, failFast: true });
  try {
    await new Promise((resolve, reject) => {
      redis.once('ready', resolve);
      redis.once('error', reject);
    });
    return { what, verdict: 'ok', says: 'the server at AMPHI_REDIS_URL answers' };
  } catch (error) {
    const advice = 'Check the address, the password and the firewall.';
    return { what, verdict: 'fail', says: `AMPHI_REDIS_URL: ${messageOf(error)}`, advice };
  } finally {
    redis.disconnect();
  }
}

async function checkDatabase(config: Config): Promise<Finding> {
  const what = 'PostgreSQL';
  if (config.database.url === undefined) {
    return { what, verdict: 'ok', says: 'embedded, in the data folder' };
  }
  const database = await openDatabase(config.database.url);
  try {
    await database.db.execute('select 1');
    return { what, verdict: 'ok', says: 'the server at AMPHI_DATABASE_URL answers' };
  } catch (error) {
    const reason = messageOf((error as Error).cause ?? error);
    const advice = 'Check the address, the password and that the database exists.';
    return { what, verdict: 'fail', says: `AMPHI_DATABASE_URL: ${reason}`, advice };
  } finally {
    await database.close();
  }
}

async function checkDataFolder({ dataDir }: Config): Promise<Finding> {
  const what = 'data folder';
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK);
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const says = `${dataDir}, ${(free / 1024 ** 3).toFixed(1)} GiB free`;
    if (free >= MIN_FREE_BYTES) return { what, verdict: 'ok', says };
    const advice =
      'Two hours of rewind take about 10 GiB an event: free some space, or lower AMPHI_DVR_MAX_BYTES.';
    return { what, verdict: 'warn', says, advice };
  } catch (error) {
    const advice = 'Choose another folder with AMPHI_DATA_DIR.';
    return { what, verdict: 'fail', says: `${dataDir}: ${messageOf(error)}`, advice };
  }
}

async function checkPorts(config: Config, running: boolean): Promise<Finding[]> {
  const ports: [string, number, string][] = [
    ['HTTP', config.http.port, 'AMPHI_HTTP_PORT'],
    ['RTMP', config.rtmp.port, 'AMPHI_RTMP_PORT'],
    ...(config.http.tlsCert === undefined
      ? []
      : ([['RTMPS', config.rtmp.tlsPort, 'AMPHI_RTMPS_PORT']] satisfies [
          string,
          number,
          string,
        ][])),
  ];
  return Promise.all(
    ports.map(async ([name, port, variable]): Promise<Finding> => {
      const what = `${name} port`;
      const trouble = await tcpPortTrouble(config.host, port);
      if (trouble === undefined)
        return { what, verdict: 'ok', says: `${config.host}:${port} is free` };
      if (running && trouble === 'EADDRINUSE') {
        return { what, verdict: 'ok', says: `${config.host}:${port} is held by the running Amphi` };
      }
      const advice =
        trouble === 'EACCES'
          ? `Ports below 1024 need privileges: choose another with ${variable}.`
          : `Something else listens there: stop it, or choose another port with ${variable}.`;
      return { what, verdict: 'fail', says: `${config.host}:${port}: ${trouble}`, advice };
    }),
  );
}

/** WebRTC comes by UDP, or by TCP: each call-server worker has a port, and peers must be able to reach it. */
async function checkMediaPorts(config: Config, running: boolean): Promise<Finding[]> {
  const { host, media } = config;
  if (media.port === 0) return [{ what: 'media port', verdict: 'ok', says: 'any free UDP port' }];
  const ports = Array.from({ length: media.workers }, (_, i) => media.port + i);
  const findings = ports.flatMap((port) => [
    mediaPort('UDP', host, port, udpPortTrouble(host, port), running),
    ...(media.tcp ? [mediaPort('TCP', host, port, tcpPortTrouble(host, port), running)] : []),
  ]);
  return [...(await Promise.all(findings)), mediaReachability(config)];
}

async function mediaPort(
  protocol: 'UDP' | 'TCP',
  host: string,
  port: number,
  looked: Promise<string | undefined>,
  running: boolean,
): Promise<Finding> {
  const what = 'media port';
  const place = `${protocol} ${host}:${port}`;
  const trouble = await looked;
  if (trouble === undefined) return { what, verdict: 'ok', says: `${place} is free` };
  if (running && trouble === 'EADDRINUSE') {
    return { what, verdict: 'ok', says: `${place} is held by the running Amphi` };
  }
  const advice = 'Something else has it: stop it, or choose another with AMPHI_MEDIA_PORT.';
  // Without TCP, WebRTC works for all whose networks let UDP through.
  return {
    what,
    verdict: protocol === 'UDP' ? 'fail' : 'warn',
    says: `${place}: ${trouble}`,
    advice,
  };
}

/** For peers whose networks let neither UDP nor our TCP ports through. */
async function checkTurn(config: Config, running: boolean): Promise<Finding> {
  const what = 'TURN';
  const { turn } = config;
  if (turn.urls.length > 0) {
    const says = `clients are told ${turn.urls.join(', ')}`;
    const keyless = turn.secret === undefined && turn.urls.some((url) => url.startsWith('turn'));
    if (!keyless) return { what, verdict: 'ok', says };
    const advice =
      'Set AMPHI_TURN_SECRET to its shared secret: without credentials TURN servers are left out.';
    return { what, verdict: 'warn', says, advice };
  }
  if (turn.server === 'off') return { what, verdict: 'ok', says: 'off (AMPHI_TURN_SERVER)' };
  if (turnserverPath() === undefined) {
    const advice =
      'Peers behind strict firewalls need it: apt-get install coturn, or set AMPHI_TURN_URLS and AMPHI_TURN_SECRET.';
    return { what, verdict: 'warn', says: 'coturn is not installed', advice };
  }
  const place = `${config.host}:${turn.port}`;
  const trouble = await turnPortTrouble(config);
  if (trouble === undefined) return { what, verdict: 'ok', says: `coturn, ${place} is free` };
  if (running && trouble.endsWith('EADDRINUSE')) {
    return { what, verdict: 'ok', says: `coturn, ${place} is held by the running Amphi` };
  }
  const advice =
    'Something else has it, perhaps the coturn service of the system (systemctl disable --now coturn): stop it, or choose another with AMPHI_TURN_PORT.';
  return { what, verdict: 'warn', says: trouble, advice };
}

function mediaReachability(config: Config): Finding {
  const what = 'media address';
  const addresses = announcedAddresses(config);
  const says = `WebRTC peers are told ${addresses.join(', ')}`;
  if (
    !isUnspecified(config.host) ||
    config.media.ip !== undefined ||
    !addresses.every(isPrivateAddress)
  ) {
    return { what, verdict: 'ok', says };
  }
  const advice =
    'None is public: for publishers on the internet set AMPHI_MEDIA_IP to the address that reaches this machine.';
  return { what, verdict: 'warn', says, advice };
}

async function checkTls({ http }: Config): Promise<Finding> {
  const what = 'TLS';
  if (http.tlsCert === undefined || http.tlsKey === undefined) {
    return {
      what,
      verdict: 'ok',
      says: 'off (set AMPHI_TLS_CERT and AMPHI_TLS_KEY for HTTPS and RTMPS)',
    };
  }
  try {
    await readFile(http.tlsKey);
    const certificate = new X509Certificate(await readFile(http.tlsCert));
    const days = Math.floor((Date.parse(certificate.validTo) - Date.now()) / 86_400_000);
    const name = certificate.subjectAltName ?? certificate.subject;
    if (days < 0) {
      return {
        what,
        verdict: 'fail',
        says: `the certificate ended ${-days} days ago`,
        advice: 'Renew it.',
      };
    }
    const says = `${name}, ${days} days left`;
    if (days >= CERTIFICATE_WARN_DAYS) return { what, verdict: 'ok', says };
    return { what, verdict: 'warn', says, advice: 'Renew it soon.' };
  } catch (error) {
    const advice = 'Both must be PEM files that this user may read.';
    return { what, verdict: 'fail', says: messageOf(error), advice };
  }
}
