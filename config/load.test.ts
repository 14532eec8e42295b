import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, settings } from './load.ts';

const root = mkdtempSync(join(tmpdir(), 'amphi-config-'));
const folder = () => mkdtempSync(join(root, 'cwd-'));
afterAll(() => rmSync(root, { recursive: true }));

const load = (env: Record<string, string>, cwd = folder(), flags = {}) =>
  loadConfig({ env, cwd, flags });
const complaint = (env: Record<string, string>, cwd?: string) => {
  try {
    load(env, cwd);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

describe('loadConfig', () => {
  it('has a default for everything', () => {
    const config = load({});
    expect(config.http.port).toBe(8080);
    expect(config.host).toBe('127.0.0.1');
    expect(config.transcode.ladder).toHaveLength(8);
  });

  it('listens to everybody only in production', () => {
    expect(load({ NODE_ENV: 'production' }).host).toBe('0.0.0.0');
    expect(load({ NODE_ENV: 'production', AMPHI_HOST: '10.0.0.1' }).host).toBe('10.0.0.1');
  });

  it('lets flags win over the environment, that over the file, that over defaults', () => {
    const cwd = folder();
    writeFileSync(
      join(cwd, 'amphi.config.yaml'),
      'http:\n  port: 81\nrtmp:\n  port: 82\nlogLevel: warn\n',
    );
    const config = load({ AMPHI_HTTP_PORT: '83', AMPHI_RTMP_PORT: '84' }, cwd, { 'http.port': 85 });
    expect([config.http.port, config.rtmp.port, config.logLevel]).toEqual([85, 84, 'warn']);
  });

  it('reads JSON and YAML files, and the file that AMPHI_CONFIG names', () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'amphi.config.json'), '{"http":{"port":90}}');
    expect(load({}, cwd).http.port).toBe(90);
    writeFileSync(join(cwd, 'other.yaml'), 'http: {port: 91}');
    expect(load({ AMPHI_CONFIG: 'other.yaml' }, cwd).http.port).toBe(91);
  });

  it('wants to be able to read the certificate and its key', () => {
    const cwd = folder();
    const [cert, key] = [join(cwd, 'cert.pem'), join(cwd, 'key.pem')];
    writeFileSync(cert, 'certificate');
    const env = { AMPHI_TLS_CERT: cert, AMPHI_TLS_KEY: key };
    expect(complaint(env)).toMatch(/http\.tlsKey names .*key\.pem, which cannot be read/);
    writeFileSync(key, 'key');
    expect(complaint(env)).toBeUndefined();
  });

  it('reads secrets from files', () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'token'), 'a-token-from-a-file\n');
    expect(load({ AMPHI_ADMIN_TOKEN_FILE: join(cwd, 'token') }).adminToken).toBe(
      'a-token-from-a-file',
    );
  });

  it('takes lists separated by commas or as JSON', () => {
    expect(load({ AMPHI_ROLES: 'api, edge' }).roles).toEqual(['api', 'edge']);
    expect(load({ AMPHI_ROLES: '["ingest"]' }).roles).toEqual(['ingest']);
  });

  it('treats an empty variable as not set', () => {
    expect(load({ AMPHI_HTTP_PORT: '' }).http.port).toBe(8080);
  });

  it.each([
    [
      { AMPHI_HTTP_PORT: 'abc' },
      'http.port (AMPHI_HTTP_PORT): "abc" is not allowed: it must be a whole number from 0 to 65535',
    ],
    [{ AMPHI_HTTP_PORT: '65536' }, '65536 is not allowed'],
    [{ AMPHI_HTTP_PORT: '-1' }, '-1 is not allowed'],
    [{ AMPHI_HTTP_PORT: '1.5' }, '1.5 is not allowed'],
    [{ AMPHI_ROLES: 'api,dancer' }, 'roles.1 (AMPHI_ROLES): "dancer"'],
    [{ AMPHI_LADDER: '[{' }, 'AMPHI_LADDER is not valid JSON'],
    [{ AMPHI_LOG_LEVEL: 'loud' }, 'it must be one of debug, info, warn, error'],
    [{ AMPHI_SLATE_AFTER_SECONDS: '31' }, 'it must be a number above 0, at most 30'],
    [{ AMPHI_DVR_MAX_BYTES: '0' }, 'it must be a whole number of at least 1'],
    [{ AMPHI_S3_BUCKET: 'ab' }, 'it must be text of at least 3 characters'],
    [{ AMPHI_EDGE_REGION: 'x'.repeat(41) }, 'it must be text of at most 40 characters'],
    [
      { AMPHI_EDGE_UPSTREAM: 'http://a,ftp://b' },
      'edge.upstream.1 (AMPHI_EDGE_UPSTREAM): "ftp://b" is not allowed: it must be a URL that begins with http:// or https://',
    ],
    [{ AMPHI_TURN_URLS: 'http://a' }, 'a URL that begins with stun: or turn: or turns:'],
    [
      { AMPHI_LADDER: '[]' },
      'transcode.ladder (AMPHI_LADDER): [] is not allowed: it must be a list of 1 to 16 items',
    ],
    [
      { AMPHI_LADDER: '720p' },
      'transcode.ladder.0 (AMPHI_LADDER): "720p" is not allowed: it must be an object',
    ],
    [
      { AMPHI_LADDER: '[{"kind":"film"}]' },
      'transcode.ladder.0.kind (AMPHI_LADDER): "film" is not allowed: it must be one of video, audio',
    ],
    [
      { AMPHI_LADDER: '[{"kind":"audio","name":"a","audioKbps":15}]' },
      '15 is not allowed: it must be a whole number from 16 to 512',
    ],
    [
      { AMPHI_LADDER: '[{"kind":"audio","name":"A b","audioKbps":16}]' },
      '"A b" is not allowed: it must be 1 to 16 lower-case letters or digits',
    ],
    [
      { AMPHI_LADDER: '[{"kind":"audio","name":"a"}]' },
      'transcode.ladder.0.audioKbps (AMPHI_LADDER) is missing: it must be a whole number from 16 to 512',
    ],
    [{ AMPHI_REDIS_URL: 'http://x' }, 'redis.url (AMPHI_REDIS_URL): (hidden) is not allowed'],
    [{ AMPHI_ADMIN_TOKEN: 'short' }, 'adminToken (AMPHI_ADMIN_TOKEN): (hidden) is not allowed'],
    [{ AMPHI_ADMIN_TOKEN: 'no header takes this' }, 'without blanks'],
    [{ AMPHI_DVR_SECONDS: '10.5' }, 'edge.dvrSeconds (AMPHI_DVR_SECONDS): 10.5'],
    [{ AMPHI_TLS_CERT: '/c.pem' }, 'belong together'],
    [{ AMPHI_CONFIG: 'missing.yaml' }, 'AMPHI_CONFIG names missing.yaml, which cannot be read'],
    [{ AMPHI_ADMIN_TOKEN_FILE: '/missing' }, 'AMPHI_ADMIN_TOKEN_FILE names /missing'],
    [
      {
        AMPHI_LADDER:
          '[{"kind":"audio","name":"a","audioKbps":64},{"kind":"audio","name":"a","audioKbps":32}]',
      },
      'the name "a" is used twice',
    ],
  ])('refuses %j', (env, words) => {
    const said = complaint(env as unknown as Record<string, string>);
    expect(said).toContain(words);
    expect(said).not.toContain('Invalid');
  });

  it.each([
    ['{"httpp":{}}', 'unknown setting "httpp"'],
    ['{"http":{"prot":1}}', 'unknown setting "prot" in "http"'],
    ['{"http":5}', 'http: 5 is not allowed: it must be an object'],
    ['[1]', 'one object of settings'],
    ['{', 'cannot be parsed'],
  ])('refuses a file that holds %s', (text, words) => {
    const cwd = folder();
    writeFileSync(join(cwd, 'amphi.config.json'), text);
    expect(complaint({}, cwd)).toContain(words);
  });

  it('never quotes a secret', () => {
    const message = complaint({ AMPHI_CLUSTER_SECRET: 'too-short-secret' });
    expect(message).not.toContain('too-short-secret');
  });

  it.each([
    ['json', '{"redis":"redis://:s3cret@a"}'],
    ['json', '{"adminToken": s3cret}'],
    ['json', '{"adminToken": "s3cret-s3cret\n"}'],
    ['yaml', 'turn: [s3cret]'],
    ['yaml', 'redis:\n  url: "redis://:s3cret@a'],
  ])('never quotes a secret that stands in the wrong place of a file: %s %j', (kind, text) => {
    const cwd = folder();
    writeFileSync(join(cwd, `amphi.config.${kind}`), text);
    const message = complaint({}, cwd);
    expect(message).toMatch(/is not allowed|cannot be parsed: \w/);
    expect(message).not.toContain('s3c');
  });
});

describe('settings', () => {
  it('names every variable once', () => {
    const names = settings().map(({ meta }) => meta.env);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^AMPHI_[A-Z0-9_]+$/);
  });

  it('explains every one', () => {
    for (const { meta } of settings()) expect(meta.description).toMatch(/\.$/);
  });
});
