import { describe, expect, it } from 'vitest';
import type { ChatFile } from '#contracts';
import { Problem } from '../../api/client.ts';
import { type AttachmentOptions, Attachments, MOST_ATTACHED } from './attachments.ts';
import { objectionTo, sizeOf } from './file-words.ts';

const LIMITS = { maxBytes: 1_000, endings: ['png', 'txt'] };

describe('sizeOf', () => {
  it.each([
    [1, '1 byte'],
    [1_023, '1023 bytes'],
    [1_024, '1 KB'],
    [1_048_000, '1,023 KB'],
    [1_048_576, '1 MB'],
    [26_214_400, '25 MB'],
  ])('of %d', (bytes, text) => expect(sizeOf(bytes)).toBe(text));
});

describe('objectionTo', () => {
  it.each([
    ['a.png', 1_000, undefined],
    ['A.PNG', 1, undefined],
    ['a.png', 1_001, 'limit'],
    ['a.png', 0, 'empty'],
    ['a.exe', 10, '.exe'],
    ['a.png.exe', 10, '.exe'],
    ['a', 10, 'without an ending'],
    ['a/b.txt/c', 10, 'without an ending'],
  ])('%s of %d bytes', (name, size, expected) => {
    const objection = objectionTo({ name, size }, LIMITS);
    if (expected === undefined) expect(objection).toBeUndefined();
    else expect(objection).toContain(expected);
  });

  it('is to all where nobody sends files', () => {
    expect(objectionTo({ name: 'a.png', size: 1 }, { ...LIMITS, endings: [] })).toContain(
      'no files',
    );
  });
});

describe('Attachments', () => {
  const file = (name: string, size = 10) => new File([new Uint8Array(size)], name);
  type Settle = {
    resolve: (file: ChatFile) => void;
    reject: (error: Error) => void;
    how: Parameters<AttachmentOptions['upload']>[1];
  };

  function start() {
    const uploads: Settle[] = [];
    const attachments = new Attachments({
      limits: async () => LIMITS,
      upload: (_file, how) =>
        new Promise((resolve, reject) => {
          uploads.push({ resolve, reject, how });
        }),
    });
    const states = () => attachments.list.get().map(({ state }) => state);
    return { attachments, uploads, states };
  }

  it('uploads what is chosen at once, and says how far it is', async () => {
    const { attachments, uploads, states } = start();
    await attachments.add([file('a.png')]);
    uploads[0]?.how.onProgress(0.5);
    expect(states()).toEqual([{ name: 'uploading', part: 0.5 }]);
    const stored = { fileId: 'x', name: 'a.png', size: 10 };
    uploads[0]?.resolve(stored);
    await Promise.resolve();
    expect(states()).toEqual([{ name: 'ready', file: stored }]);
  });

  it('keeps what has failed, with the reason, for another attempt', async () => {
    const { attachments, uploads, states } = start();
    await attachments.add([file('a.png')]);
    uploads[0]?.reject(new Problem('offline', 0, 'The connection broke.'));
    await new Promise(setImmediate);
    expect(states()).toEqual([{ name: 'failed', text: 'The connection broke.' }]);
    attachments.retry(attachments.list.get()[0]?.key ?? 0);
    expect(states()).toEqual([{ name: 'uploading', part: 0 }]);
    expect(uploads).toHaveLength(2);
  });

  it('gives an upload up when it is taken out', async () => {
    const { attachments, uploads } = start();
    await attachments.add([file('a.png')]);
    attachments.remove(attachments.list.get()[0]?.key ?? 0);
    expect(uploads[0]?.how.signal.aborted).toBe(true);
    expect(attachments.list.get()).toEqual([]);
  });

  it('takes as many as go with one message, and says why not more', async () => {
    const { attachments, uploads } = start();
    await attachments.add(Array.from({ length: MOST_ATTACHED }, (_, i) => file(`${i}.txt`)));
    expect(attachments.objection.get()).toBeUndefined();
    await attachments.add([file('more.txt')]);
    expect(attachments.objection.get()).toContain('at most');
    expect(uploads).toHaveLength(MOST_ATTACHED);
    attachments.close();
    expect(uploads.every(({ how }) => how.signal.aborted)).toBe(true);
  });
});
