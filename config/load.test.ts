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
    [{ AMPHI_HTTP_PORT: 'abc' }, 'http.port (AMPHI_HTTP_PORT): "abc"'],
    [{ AMPHI_HTTP_PORT: '65536' }, '65536 is not allowed'],
    [{ AMPHI_HTTP_PORT: '-1' }, '-1 is not allowed'],
    [{ AMPHI_HTTP_PORT: '1.5' }, '1.5 is not allowed'],
    [{ AMPHI_ROLES: 'api,dancer' }, 'roles.1 (AMPHI_ROLES): "dancer"'],
    [{ AMPHI_LADDER: '[{' }, 'AMPHI_LADDER is not valid JSON'],
    [{ AMPHI_LADDER: '[]' }, 'transcode.ladder (AMPHI_LADDER)'],
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
    expect(complaint(env as unknown as Record<string, string>)).toContain(words);
  });

  it.each([
    ['{"httpp":{}}', 'unknown setting "httpp"'],
    ['{"http":{"prot":1}}', 'unknown setting "prot" in "http"'],
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
