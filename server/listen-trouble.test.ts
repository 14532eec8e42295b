import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { AmphiError } from '#base';
import { loadConfig } from '#config';
import { listenTrouble } from './listen-trouble.ts';

const configOf = (env: Record<string, string> = {}) => loadConfig({ env, cwd: '/nowhere' });

/** An error as Node.js makes it for a listener, wrapped as the roles do. */
const failure = (code: string, fields: object) =>
  new AmphiError('unavailable', {
    detail: 'cannot listen',
    cause: Object.assign(new Error(`listen ${code}`), { code, syscall: 'listen', ...fields }),
  });

/** Any files that can be read. */
const TLS = { AMPHI_TLS_CERT: import.meta.filename, AMPHI_TLS_KEY: import.meta.filename };

it.each([
  ['EADDRINUSE', 8080, {}, ['HTTP port 8080 on 127.0.0.1 is taken', 'AMPHI_HTTP_PORT', 'doctor']],
  ['EADDRINUSE', 1935, {}, ['RTMP port 1935 on 127.0.0.1 is taken', 'AMPHI_RTMP_PORT', 'doctor']],
  ['EADDRINUSE', 1936, TLS, ['RTMPS port 1936', 'AMPHI_RTMPS_PORT']],
  [
    'EADDRINUSE',
    1935,
    { AMPHI_HTTP_PORT: '1935' },
    ['AMPHI_HTTP_PORT and AMPHI_RTMP_PORT are both 1935'],
  ],
  [
    'EACCES',
    443,
    { AMPHI_HTTP_PORT: '443' },
    ['HTTP port 443', 'needs privileges', 'AMPHI_HTTP_PORT'],
  ],
  [
    'EADDRNOTAVAIL',
    8080,
    { AMPHI_HOST: '192.0.2.1' },
    ['192.0.2.1 is not an address of this machine', 'AMPHI_HOST'],
  ],
])('says in one line what to do about %s of port %i with %j', (code, port, env, words) => {
  const config = configOf(env);
  const said = listenTrouble(failure(code, { address: config.host, port }), config);
  for (const word of words) expect(said).toContain(word);
  expect(said).not.toContain('\n');
});

it('knows the error that Node.js gives for a port that is taken', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const second = createServer();
  const error = await new Promise((resolve) => {
    second.once('error', resolve).listen(port, '127.0.0.1');
  });
  await new Promise((resolve) => holder.close(resolve));
  expect(listenTrouble(error, configOf({ AMPHI_HTTP_PORT: String(port) }))).toContain(
    `HTTP port ${port} on 127.0.0.1 is taken`,
  );
});

it.each([
  [
    'of a port that Amphi chose itself',
    failure('EADDRINUSE', { address: '127.0.0.1', port: 40_000 }),
  ],
  ['of RTMPS where no certificate is set', failure('EADDRINUSE', { port: 1936 })],
  ['of another kind', failure('EMFILE', { port: 8080 })],
  ['that is no system error', new Error('x')],
  ['that is none', 'x'],
])('says nothing of an error %s', (_what, error) => {
  expect(listenTrouble(error, configOf())).toBeUndefined();
});
