import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { childrenOf, Follower, Instance, Publisher, until } from '#support';

/**
 * What a viewer's playlist goes through when a process is killed. Times are
 * generous, for busy machines; `npm run bench -- chaos` measures them.
 */

let amphi: Instance;
let eventId: string;
let publisher: Publisher;
let follower: Follower;

beforeAll(async () => {
  amphi = await Instance.start({ env: { AMPHI_TRANSCODE_RETRY_SECONDS: '4' } });
});

afterAll(async () => {
  await amphi.stop();
});

beforeEach(async () => {
  const made = await amphi.createEvent();
  eventId = made.eventId;
  // Short GOPs: whoever takes up again does so close behind a key frame more often.
  publisher = new Publisher(made.rtmpUrl, { size: '640x360', gopSeconds: 0.5 });
  const base = `${amphi.base}/hls/${eventId}/360p`;
  await until('a first part', async () => (await fetch(`${base}/media.m3u8`)).ok);
  follower = new Follower(base);
  follower.start();
  await until('some parts', () => follower.parts.length >= 6);
});

afterEach(async () => {
  await follower.stop();
  await publisher.kill();
  await amphi.api('DELETE', `/api/events/${eventId}`);
});

/** The transcoding worker that has the job of this event. */
async function workerOfEvent(): Promise<number> {
  const line = amphi.log.findLast(
    (l) => l.includes('transcoding begins') && l.includes(`"eventId":"${eventId}"`),
  );
  return (JSON.parse(line ?? '{}') as { pid: number }).pid;
}

/** The ffmpeg that this worker has now, or starts soon: another one than `killed`. */
const ffmpegOf = (worker: number, killed?: number): Promise<number> =>
  until(
    'a living ffmpeg',
    async () => (await childrenOf(worker, 'ffmpeg')).find((pid) => pid !== killed),
    30_000,
  );

async function goOn(parts = 9): Promise<void> {
  const target = follower.parts.length + parts;
  await until(`${parts} more parts`, () => follower.parts.length >= target, 30_000);
}

describe('killing a process while somebody watches', () => {
  it('a worker: another takes over without a missing or doubled frame or sample', async () => {
    process.kill(await workerOfEvent(), 'SIGKILL');
    await goOn(18);
    expect(follower.faults).toEqual([]);
    expect(follower.gaps).toBe(0);
    expect(follower.seams('picture')).toEqual([]);
    expect(follower.seams('sound')).toEqual([]);
    expect(follower.longestWait()).toBeLessThan(4_000);
  });

  it('ffmpeg: its worker starts another, each time without a missing or doubled frame or sample', async () => {
    const worker = await workerOfEvent();
    let killed: number | undefined;
    for (let time = 0; time < 3; time++) {
      killed = await ffmpegOf(worker, killed);
      process.kill(killed, 'SIGKILL');
      await goOn(7);
    }
    await goOn(9);
    expect(follower.faults).toEqual([]);
    expect(follower.gaps).toBe(0);
    expect(follower.seams('picture')).toEqual([]);
    expect(follower.seams('sound')).toEqual([]);
  }, 180_000);

  it('the origin: it comes back with its window, and playlists do not step back', async () => {
    const before = await segmentsListed();
    process.kill(await amphi.pid('origin'), 'SIGKILL');
    await goOn();
    expect(follower.faults).toEqual([]);
    expect(follower.gaps).toBe(0);
    expect(follower.seams('picture')).toEqual([]);
    const after = await segmentsListed();
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it.each(['redis', 'api', 'database'])('%s: nothing is to be seen of it', async (name) => {
    const at = performance.now();
    process.kill(await amphi.pid(name), 'SIGKILL');
    await goOn(18);
    expect(follower.faults).toEqual([]);
    expect(follower.errors).toBe(0);
    expect(follower.seams('picture')).toEqual([]);
    expect(follower.longestWait(at)).toBeLessThan(4_000);
  });

  it('the edge: it is back soon', async () => {
    process.kill(await amphi.pid('edge'), 'SIGKILL');
    await goOn();
    expect(follower.faults).toEqual([]);
    expect(follower.seams('picture')).toEqual([]);
  });

  it('ingest: the same run goes on with the slate, and with the picture once the encoder is back', async () => {
    const { runId } = (await (await fetch(`${amphi.base}/hls/${eventId}/status.json`)).json()) as {
      runId: string;
    };
    process.kill(await amphi.pid('ingest'), 'SIGKILL');
    await goOn();
    await until(
      'the event to be interrupted',
      async () => (await amphi.event(eventId)).status === 'interrupted',
    );
    const { source } = await newKey();
    publisher = new Publisher(amphi.rtmpUrl(source), { size: '640x360' });
    await until('the event to be live', async () => (await amphi.event(eventId)).status === 'live');
    await goOn();
    const status = (await (await fetch(`${amphi.base}/hls/${eventId}/status.json`)).json()) as {
      runId: string;
    };
    expect(status.runId).toBe(runId);
    expect(follower.faults).toEqual([]);
  });
});

async function newKey(): Promise<{ source: string }> {
  const event = await amphi.event(eventId);
  const sourceId = event.sources[0]!.sourceId;
  const made = await amphi.api<{ streamKey: string }>(
    'POST',
    `/api/events/${eventId}/sources/${sourceId}/rotate-key`,
  );
  return { source: made.streamKey };
}

async function segmentsListed(): Promise<string[]> {
  const text = await (await fetch(`${amphi.base}/hls/${eventId}/360p/media.m3u8`)).text();
  return text.split('\n').filter((line) => /^\d+\.m4s$/.test(line));
}

describe('a machine that is too slow', () => {
  it('gives up the largest picture, says so, and goes on with the others', async () => {
    const lower = new Follower(`${amphi.base}/hls/${eventId}/240p`);
    lower.start();
    let slow: number | undefined;
    for (const told of ['skipping to now', 'a rung is given up']) {
      const worker = await workerOfEvent();
      slow = await ffmpegOf(worker, slow);
      // Not dead, only so slow that nothing comes out.
      process.kill(slow, 'SIGSTOP');
      await until(
        told,
        () => amphi.log.some((l) => l.includes(told) && l.includes(eventId)),
        30_000,
      );
      await ffmpegOf(worker, slow);
    }
    const before = lower.parts.length;
    await until('parts again', () => lower.parts.length >= before + 12, 30_000);
    await lower.stop();
    expect(lower.faults).toEqual([]);
    const event = await amphi.event(eventId);
    expect(event.warnings?.map(({ code }) => code)).toContain('rendition_dropped');
    const master = await (await fetch(`${amphi.base}/hls/${eventId}/master.m3u8`)).text();
    expect(master).toContain('NAME="240p"');
    expect(master).not.toContain('NAME="360p"');
    expect((await fetch(`${amphi.base}/hls/${eventId}/360p/media.m3u8`)).status).toBe(404);

    // The machine is quick in truth: what was given up comes back, and nothing else is disturbed.
    const again = new Follower(`${amphi.base}/hls/${eventId}/240p`);
    again.start();
    await until(
      'the picture to come back',
      async () => {
        const list = await (await fetch(`${amphi.base}/hls/${eventId}/master.m3u8`)).text();
        return list.includes('NAME="360p"');
      },
      // It is tried as soon as there is processor time to spare, and later each time that it fails.
      180_000,
    );
    const [more, gaps] = [again.parts.length, again.gaps];
    await until('parts beside it', () => again.parts.length >= more + 9, 30_000);
    await again.stop();
    expect(again.faults).toEqual([]);
    // None but those of the jumps before.
    expect(again.gaps).toBe(gaps);
    const after = await amphi.event(eventId);
    expect(after.warnings?.map(({ code }) => code) ?? []).not.toContain('rendition_dropped');
  }, 480_000);
});
