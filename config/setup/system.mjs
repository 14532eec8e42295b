import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Programs that Amphi needs beside Node.js: what each is called by the
 * package managers, and when it is needed.
 */
const PROGRAMS = [
  {
    command: 'ffmpeg',
    for: ['run', 'test', 'bench'],
    apt: 'ffmpeg',
    dnf: 'ffmpeg-free',
    apk: 'ffmpeg',
    brew: 'ffmpeg',
  },
  {
    command: 'redis-server',
    for: ['run', 'test', 'bench'],
    apt: 'redis-server',
    dnf: 'redis',
    apk: 'redis',
    brew: 'redis',
  },
  {
    command: 'chromium',
    for: ['test', 'bench'],
    apt: 'chromium',
    dnf: 'chromium',
    apk: 'chromium',
    brew: '--cask chromium',
  },
  {
    command: 'firefox-esr',
    for: ['test'],
    apt: 'firefox-esr',
    dnf: 'firefox',
    apk: 'firefox-esr',
    brew: '--cask firefox',
  },
  {
    command: 'openssl',
    for: ['test'],
    apt: 'openssl',
    dnf: 'openssl',
    apk: 'openssl',
    brew: 'openssl',
  },
  {
    command: 'nginx',
    for: ['bench'],
    apt: 'nginx libnginx-mod-rtmp',
    dnf: 'nginx nginx-mod-rtmp',
    apk: 'nginx nginx-mod-rtmp',
    brew: 'nginx',
  },
  {
    command: 'wrk',
    for: ['bench'],
    apt: 'wrk',
    dnf: 'wrk',
    apk: 'wrk',
    brew: 'wrk',
  },
  {
    command: 'janus',
    for: ['bench'],
    apt: 'janus',
    dnf: 'janus',
    apk: 'janus-gateway',
    brew: 'janus-gateway',
  },
  {
    command: 'turnserver',
    for: ['test'],
    optional: true,
    apt: 'coturn',
    dnf: 'coturn',
    apk: 'coturn',
    brew: 'coturn',
    // Debian's own service would listen to everybody; Amphi starts its own.
    service: 'coturn',
  },
  {
    command: 'nft',
    for: ['test'],
    optional: true,
    apt: 'nftables',
    dnf: 'nftables',
    apk: 'nftables',
  },
  {
    command: 'ip',
    for: ['test'],
    optional: true,
    apt: 'iproute2',
    dnf: 'iproute',
    apk: 'iproute2',
  },
  {
    command: 'ip',
    for: ['bench'],
    apt: 'iproute2',
    dnf: 'iproute',
    apk: 'iproute2',
    brew: 'iproute2mac',
  },
];

/**
 * Makes sure that the programs for this purpose are there, or stops with the
 * exact line that installs them. Nobody is stopped for an optional one: what
 * needs it is left out, and says so.
 */
export function ensureSystemPackages(purpose) {
  const missing = PROGRAMS.filter(
    (program) => program.for.includes(purpose) && !isOnPath(program.command),
  );
  if (missing.length === 0) return;
  const names = (manager) => missing.flatMap((program) => program[manager] ?? []).join(' ');
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`Installing ${names('apt')} …\n`);
    install(names('apt').split(' '));
    for (const { service } of missing) if (service !== undefined) disable(service);
    const still = missing.filter((program) => !program.optional && !isOnPath(program.command));
    if (still.length === 0) return;
    process.stderr.write(`Installed, yet not found: ${still.map((p) => p.command).join(', ')}\n`);
    process.exit(69);
  }
  if (missing.every((program) => program.optional)) return;
  process.stderr.write(
    [
      `Amphi needs ${missing.map((program) => program.command).join(', ')}, which is not here. Install it with one of:`,
      `  Debian, Ubuntu   sudo apt-get install -y ${names('apt')}`,
      `  Fedora           sudo dnf install -y ${names('dnf')}`,
      `  Alpine           sudo apk add ${names('apk')}`,
      `  macOS            brew install ${names('brew')}`,
      '',
    ].join('\n'),
  );
  process.exit(69);
}

function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
  apt('update');
  const { status } = apt('install', '-y', '--no-install-recommends', ...packages);
  if (status !== 0) {
    process.stderr.write(`apt-get could not install ${packages.join(' ')}; the reason is above.\n`);
    process.exit(69);
  }
}

/** A machine without systemd does not start it either. */
function disable(service) {
  spawnSync('systemctl', ['disable', '--now', service], { stdio: 'ignore' });
}

function isOnPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
