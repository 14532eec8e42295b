import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** nginx as a cache of the same objects, set up as well as it can be for them. */

export interface Nginx {
  process: ChildProcess;
  stop(): Promise<void>;
}

function configuration(folder: string, cache: string, port: number, origin: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(' ');
  return `
worker_processes 1;
daemon off;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')};
worker_rlimit_nofile 20000;
events { worker_connections 8192; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 75;
  keepalive_requests 1000000000;
  ${temporary}
  proxy_cache_path ${cache} keys_zone=hls:10m max_size=1g inactive=1h use_temp_path=off;
  open_file_cache max=10000;
  upstream origin { server 127.0.0.1:${origin}; keepalive 16; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache hls;
      proxy_cache_lock on;
      proxy_cache_valid 200 1h;
      add_header Access-Control-Allow-Origin *;
    }
  }
}
`;
}

/** Starts it pinned to a core; resolves when it listens. */
export async function startNginx(port: number, origin: number, core: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'amphi-bench-nginx-'));
  const memory = existsSync('/dev/shm') ? '/dev/shm' : folder;
  const cache = mkdtempSync(join(memory, 'amphi-bench-cache-'));
  mkdirSync(cache, { recursive: true });
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, configuration(folder, cache, port, origin));
  const child = spawn(
    'taskset',
    ['-c', String(core), 'nginx', '-c', path, '-e', join(folder, 'error.log')],
    { stdio: 'inherit' },
  );
  await listening(port);
  return {
    process: child,
    stop: async () => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
      rmSync(cache, { recursive: true, force: true });
    },
  };
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx does not listen');
}
