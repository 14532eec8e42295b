import { describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import { MeetingFiles } from './meeting-files.ts';

const HOUR_MS = 3_600_000;
const UPLOAD = {
  meetingId: 'm',
  fromId: 'p',
  person: 'browser',
  present: ['p'],
  name: 'a.txt',
  size: 2,
};

/** Files over objects and rows that only note what is asked of them. */
function filesOver(
  rows: Record<string, unknown>,
  put: (body: AsyncIterable<Uint8Array>) => Promise<void> = async (body) => {
    for await (const _ of body);
  },
  remove?: (key: string) => Promise<void>,
) {
  const done: string[] = [];
  const note =
    (what: string) =>
    async (...about: unknown[]) => {
      done.push(`${what} ${about[0]}`);
    };
  const objects = {
    put: (_key: string, body: AsyncIterable<Uint8Array>) => put(body),
    get: async () => undefined,
    remove: remove ?? note('remove'),
    removeAll: note('remove all'),
  };
  const known = { reserve: async () => [], drop: note('drop'), dropAll: note('drop all'), ...rows };
  const files = new MeetingFiles({
    objects,
    files: known as never,
    settings: { maxBytes: 10, meetingMaxBytes: 100, endings: ['txt'] },
    log: silentLogger,
  });
  return { files, done };
}

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('ab');
}

describe('take', () => {
  it('leaves neither bytes nor row of what does not come whole', async () => {
    const { files, done } = filesOver({}, () => Promise.reject(new Error('gone')));
    await expect(files.take({ ...UPLOAD, body: bytes() })).rejects.toThrow('gone');
    expect(done.map((one) => one.split(' ')[0])).toEqual(['remove', 'drop']);
    await files.close();
  });

  it.each([
    [true, 'meeting_ended'],
    [false, 'too_many'],
  ])(
    'leaves nothing when its place was taken meanwhile; by the end of the meeting: %s',
    async (ended, code) => {
      const { files, done } = filesOver({
        stored: async () => false,
        isEnded: async () => ended,
      });
      await expect(files.take({ ...UPLOAD, body: bytes() })).rejects.toMatchObject({ code });
      expect(done).toHaveLength(2);
      await files.close();
    },
  );

  it('is not held up by bytes of others that gave way and cannot be removed', async () => {
    const tried: string[] = [];
    const { files, done } = filesOver(
      {
        reserve: async () => ['f', 'g'].map((fileId) => ({ meetingId: 'm', fileId })),
        stored: async () => true,
      },
      undefined,
      async (key) => {
        tried.push(key);
        throw new Error('away');
      },
    );
    expect(await files.take({ ...UPLOAD, body: bytes() })).toMatchObject({ name: 'a.txt' });
    expect(tried).toEqual(['meetings/m/f', 'meetings/m/g']);
    expect(done).toEqual([]);
    await files.close();
  });

  it('says of a huge picture nothing that a page would show', async () => {
    const { files } = filesOver({ stored: async () => true });
    // 25,000 × 2,001 pixels (GIF89a, 18), and one line less.
    const screen = (lines: number) =>
      Buffer.from([0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0xa8, 0x61, lines & 0xff, lines >> 8]);
    const take = (lines: number) =>
      files.take({
        ...UPLOAD,
        size: 10,
        body: (async function* () {
          yield screen(lines);
        })(),
      });
    expect((await take(2_000)).picture).toMatchObject({ width: 25_000, height: 2_000 });
    expect((await take(2_001)).picture).toBeUndefined();
    await files.close();
  });
});

describe('sweep', () => {
  it('removes what was never sent, and what a deleted message and an ended meeting have left; bytes before rows', async () => {
    let before: Date | undefined;
    const { files, done } = filesOver({
      unsent: async (then: Date) => {
        before = then;
        return [{ meetingId: 'm-1', fileId: 'f' }];
      },
      orphaned: async () => [{ meetingId: 'm-1', fileId: 'g' }],
      ended: async () => ['m-2'],
    });
    await files.sweep(2 * HOUR_MS);
    expect(before?.getTime()).toBe(HOUR_MS);
    expect(done).toEqual([
      'remove meetings/m-1/f',
      'drop f',
      'remove meetings/m-1/g',
      'drop g',
      'remove all meetings/m-2',
      'drop all m-2',
    ]);
    await files.close();
  });

  it('waits for the next time when the database is away', async () => {
    const { files, done } = filesOver({ unsent: () => Promise.reject(new Error('away')) });
    await files.sweep();
    expect(done).toEqual([]);
    await files.close();
  });
});
