import { expect, it } from 'vitest';
import { loadConfig } from '#config';
import { banner } from './banner.ts';

const SOURCE = { sourceId: 's1', name: 'Camera', kind: 'rtmp', streamKey: 'the-key' } as const;
const ROOM = { meetingId: 'abc-defg-hij', hostToken: 'the-host-token' };
const TOKEN = 'the-admin-token-itself';

const shown = (
  options: { first?: boolean; secrets?: boolean; env?: Record<string, string> } = {},
) =>
  banner({
    config: loadConfig({ env: options.env ?? {}, cwd: '/nowhere' }),
    version: '1.2.3',
    adminToken: TOKEN,
    newSource: options.first === false ? undefined : SOURCE,
    room: ROOM,
    secrets: options.secrets ?? true,
  });

it('shows every way in at the first start', () => {
  const text = shown();
  expect(text).toContain('Amphi 1.2.3 is ready for its first picture.');
  expect(text).toMatch(/Home +http:\/\/127\.0\.0\.1:8080\/\n/);
  expect(text).toMatch(/Watch +http:\/\/127\.0\.0\.1:8080\/watch\/main\n/);
  expect(text).toMatch(/Room +http:\/\/127\.0\.0\.1:8080\/room\/abc-defg-hij\n/);
  expect(text).toContain('/room/abc-defg-hij#host=the-host-token');
  expect(text).toMatch(/OBS server +rtmp:\/\/127\.0\.0\.1\/live\n/);
  expect(text).toMatch(/Stream key +the-key +\(shown this once\)/);
});

it('says at a later start where the key is, whatever became of the first one', () => {
  const text = shown({ first: false });
  expect(text).toContain('Amphi 1.2.3 is ready.');
  expect(text).not.toContain('first');
  expect(text).toContain('in your encoder; a new one: the studio, or npx amphi key rotate main');
});

it.each([true, false])(
  'shows no secret where it would land in a log (first start: %s)',
  (first) => {
    const text = shown({ first, secrets: false });
    expect(text).not.toContain(SOURCE.streamKey);
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain(ROOM.hostToken);
  },
);

it.each([
  [{ AMPHI_HOST: '0.0.0.0' }, 'http://127.0.0.1:8080/watch', 'rtmp://127.0.0.1/live'],
  [{ AMPHI_HOST: '::1' }, 'http://[::1]:8080/watch', 'rtmp://[::1]/live'],
  [
    { AMPHI_HOST: '10.0.0.1', AMPHI_HTTP_PORT: '80', AMPHI_RTMP_PORT: '1940' },
    'http://10.0.0.1:80/watch',
    'rtmp://10.0.0.1:1940/live',
  ],
  [
    { AMPHI_PUBLIC_URL: 'https://live.example.org/' },
    'https://live.example.org/watch',
    'rtmp://live.example.org/live',
  ],
])('shows the addresses of %j', (env, watch, rtmp) => {
  const text = shown({ env });
  expect(text).toContain(watch);
  expect(text).toContain(rtmp);
});
