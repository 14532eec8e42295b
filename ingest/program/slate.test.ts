import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '#base';
import { SlateMaker, type SlateSpec } from './slate.ts';

const KEPT = 64;
const FLV = execFileSync('ffmpeg', [
  ...['-v', 'error', '-f', 'lavfi', '-i', 'color=size=64x64:rate=1', '-frames:v', '1'],
  ...['-c:v', 'libx264', '-f', 'flv', 'pipe:1'],
]);
const slateOf = (title: string): SlateSpec => ({
  kind: 'interrupted',
  title,
  width: 64,
  height: 64,
  fps: { num: 1, den: 1 },
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amphi-slates-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('keeps the slates that were asked for last, in memory and on disk', async () => {
  const drawn: string[] = [];
  const maker = () =>
    new SlateMaker(folder, silentLogger, async ({ title }) => {
      drawn.push(title);
      return FLV;
    });
  const first = maker();
  for (let i = 0; i < KEPT; i++) await first.clip(slateOf(`Event ${i}`));
  await first.clip(slateOf('Event 0'));
  expect(drawn).toHaveLength(KEPT);
  expect(await readdir(folder)).toHaveLength(KEPT);
  await first.clip(slateOf('One more'));
  expect(await readdir(folder)).toHaveLength(KEPT);
  await first.clip(slateOf('Event 0'));
  expect(drawn).toHaveLength(KEPT + 1);

  const restarted = maker();
  await restarted.clip(slateOf('One more'));
  expect(drawn).toHaveLength(KEPT + 1);
});
