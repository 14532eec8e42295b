import { createServer, type Server } from 'node:http';
import { Command, CommanderError } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '#config';
import { addEventCommands } from './events.ts';

/** An API that notes what it is asked and gives one answer. */
const asked: Partial<Record<'method' | 'url' | 'authorization' | 'body', string | undefined>>[] =
  [];
const EXPIRES_AT = Date.UTC(2030, 0, 2, 3, 4, 5);
const LINK = {
  token: 'T',
  expiresAt: EXPIRES_AT,
  watchUrl: 'http://a.example/watch/board?token=T',
  embedUrl: 'http://a.example/embed/board?token=T',
  hlsUrl: 'http://a.example/hls/board/master.m3u8?token=T',
};
let answer: object = LINK;
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    const { method, url, headers } = req;
    asked.push({ method, url, authorization: headers.authorization, body });
    res.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});

afterAll(() => {
  server.close();
});

afterEach(() => {
  asked.length = 0;
  answer = LINK;
  vi.restoreAllMocks();
});

/** Runs the command line and gives what it wrote. */
async function run(...args: string[]): Promise<string> {
  let written = '';
  const note = (text: unknown) => {
    written += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(note);
  vi.spyOn(process.stderr, 'write').mockImplementation(note);
  const program = new Command('amphi').option('--url <base>').option('--json').exitOverride();
  const env = { AMPHI_ADMIN_TOKEN: 'the-admin-token-itself' };
  addEventCommands(program, () => loadConfig({ env, cwd: '/nowhere' }));
  try {
    await program.parseAsync(['--url', base, ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return written;
}

describe('amphi event link', () => {
  it('makes a link for a day and shows where it leads and until when', async () => {
    const written = await run('event', 'link', 'board');
    expect(asked).toEqual([
      {
        method: 'POST',
        url: '/api/events/board/play-tokens',
        authorization: 'Bearer the-admin-token-itself',
        body: '{"expiresInSeconds":86400}',
      },
    ]);
    for (const url of [LINK.watchUrl, LINK.embedUrl, LINK.hlsUrl]) expect(written).toContain(url);
    expect(written).toContain('good until  2030-01-02T03:04:05.000Z');
  });

  it.each([
    ['2', 7_200],
    ['0.5', 1_800],
    ['0.0166', 60],
    ['8760', 31_536_000],
  ])('takes --hours %s', async (hours, seconds) => {
    await run('event', 'link', 'board', '--hours', hours);
    expect(asked.map(({ body }) => body)).toEqual([`{"expiresInSeconds":${seconds}}`]);
  });

  it.each(['0', '-1', '0.0164', '8760.001', 'soon', '', 'Infinity'])(
    'asks nothing for --hours %j',
    async (hours) => {
      expect(await run('event', 'link', 'board', `--hours=${hours}`)).toContain('number of hours');
      expect(asked).toEqual([]);
    },
  );

  it('prints what the API says with --json', async () => {
    expect(JSON.parse(await run('--json', 'event', 'link', 'board'))).toEqual(LINK);
  });

  it('says in its help that a link cannot be withdrawn', async () => {
    expect(await run('event', 'link', '--help')).toMatch(/--hours <n>[\s\S]*cannot be withdrawn/);
  });
});

describe('amphi event show', () => {
  const video = { width: 640, height: 360, fps: 29.5, bitsPerSecond: 801_400 };
  const shown = (connected: boolean) => ({
    eventId: 'main',
    title: 'Main stage',
    status: 'idle',
    viewers: 0,
    watchUrl: 'http://a.example/watch/main',
    studioUrl: 'http://a.example/studio/main',
    renditions: [],
    sources: [{ sourceId: 's1', name: 'Camera 1', health: { connected, video, advice: [] } }],
  });

  it('has the figures of a source that is connected', async () => {
    answer = shown(true);
    expect(await run('event', 'show', 'main')).toContain(
      's1 (Camera 1): connected, 640 × 360 at 29.5 fps, 801 kbit/s\n',
    );
  });

  it('has none of a source that is gone', async () => {
    answer = shown(false);
    expect(await run('event', 'show', 'main')).toContain('s1 (Camera 1): not connected\n');
  });
});
