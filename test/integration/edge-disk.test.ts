import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OriginState } from '#contracts';
import { HlsChecker, readPlaylist, seedDatabase, until } from '#support';
import { Rig } from './edge-rig.ts';

const DISK_MB = 8;
const dataDir = mkdtempSync(join(tmpdir(), 'amphi-full-disk-'));
const dvr = join(dataDir, 'dvr');

/** A disk of our own that is soon full; only root may have one. */
function mounted(): boolean {
  mkdirSync(dvr, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'none', dvr], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

const hasDisk = mounted();

describe.skipIf(!hasDisk)('a disk that is full', () => {
  let rig: Rig;
  beforeAll(async () => {
    await seedDatabase(dataDir);
    rig = await Rig.start({ dataDir });
    await rig.live('main', { dvrSeconds: 3_600 });
  });
  afterAll(async () => {
    await rig?.stop();
    execFileSync('umount', ['-l', dvr], { stdio: 'ignore' });
    rmSync(dataDir, { recursive: true, force: true });
  });

  const state = async (): Promise<OriginState> => {
    const token = await rig.tokens.sign('node', { sub: 'test' }, 60);
    const response = await fetch(`${rig.originBase}/state/main`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return (await response.json()) as OriginState;
  };

  it('stops neither live nor its own clean-up: the DVR window shrinks, and a warning shows', async () => {
    const media = `${rig.amphi.base}/hls/main/360p/media.m3u8`;
    const playlist = async () => (await fetch(media)).text();
    const checker = new HlsChecker();
    const look = async () => {
      const read = checker.check(await playlist());
      expect(checker.faults).toEqual([]);
      return read;
    };
    // Four times the disk, in what is left of ten minutes: more than a minute has room.
    const pusher = (await rig.pusher('main', { backSegments: 100, bytes: 40_000 })).start();
    await until('a playlist', async () => (await fetch(media)).ok);
    const { diskTrouble } = await until('the trouble', async () => {
      const found = await state();
      return found.diskTrouble !== undefined && found;
    });
    expect(diskTrouble).toMatch(/ENOSPC|no space/i);
    const full = await look();
    expect(full?.segments.length).toBeLessThan(60);

    // Live goes on, and new segments find room on the disk again.
    const from = full!.segments.at(-1)!.number;
    await until(
      'live to go on',
      async () => (await look())!.segments.at(-1)!.number >= from + 6,
      40_000,
      250,
    );
    const now = readPlaylist(await playlist());
    expect(now.mediaSequence).toBeGreaterThan(full!.mediaSequence);
    expect(now.segments.length).toBeGreaterThanOrEqual(3);
    // All that is listed is there, from memory or from disk.
    for (const { uri, gap } of now.segments) {
      if (uri === undefined || gap) continue;
      const response = await fetch(media.replace('media.m3u8', uri), { method: 'HEAD' });
      // The window goes on shrinking meanwhile; what has left it may be gone.
      if (response.status === 404 && !(await playlist()).includes(uri)) continue;
      expect([uri, response.status]).toEqual([uri, 200]);
    }
    const metrics = await (await fetch(`${rig.amphi.base}/metrics`)).text();
    expect(metrics).toMatch(/^amphi_origin_disk_trouble\{[^}]*\} 1$/m);
    const event = await rig.amphi.event('main');
    expect(event.warnings?.map(({ code }) => code)).toContain('disk_trouble');
    expect(rig.amphi.log.some((line) => line.includes('the disk is full'))).toBe(true);
    pusher.stop();
  }, 90_000);
});
