import { describe, expect, it } from 'vitest';
import type { RoomStream } from '#contracts';
import { Rehearsal } from './rehearsal.ts';

/** A room of so many who all send sound and picture; their ids in order. */
function crowd(count: number): { r: Rehearsal; ids: string[] } {
  const r = new Rehearsal();
  const ids = Array.from({ length: count }, () => r.join());
  const streams = ids.flatMap((participantId): RoomStream[] => [
    { participantId, media: 'microphone' },
    { participantId, media: 'camera' },
  ]);
  r.note(r.room.setStreams(streams, r.nowMs));
  return { r, ids };
}

const latest = (r: Rehearsal, id: string) => r.told(id, 'streams-changed').at(-1)?.streams ?? [];
const count = (streams: readonly RoomStream[], media: string) =>
  streams.filter((stream) => stream.media === media).length;

describe('what one can receive', () => {
  it('is everything of the others in a room of 41, and no more than 40 microphones beyond', () => {
    const { r, ids } = crowd(41);
    expect(count(latest(r, ids[0]!), 'microphone')).toBe(40);
    const more = crowd(42);
    expect(count(latest(more.r, more.ids[0]!), 'microphone')).toBe(40);
    expect(count(latest(more.r, more.ids[0]!), 'camera')).toBe(41);
  });

  it('is 48 cameras and 4 screens at most', () => {
    const { r, ids } = crowd(60);
    const screens = ids
      .slice(0, 6)
      .map((participantId) => ({ participantId, media: 'screen' as const }));
    r.note(r.room.setStreams([...r.state.streams, ...screens], r.nowMs));
    const streams = latest(r, ids.at(-1)!);
    expect(['camera', 'microphone', 'screen'].map((media) => count(streams, media))).toEqual([
      48, 40, 4,
    ]);
  });

  it('follows who speaks, and tells only when that changes something', () => {
    const { r, ids } = crowd(60);
    const last = ids.at(-1)!;
    const hears = () => latest(r, ids[0]!).some(({ participantId }) => participantId === last);
    expect(hears()).toBe(false);
    r.nowMs += 1_000;
    r.note(r.room.speak([last], r.nowMs));
    expect(hears()).toBe(true);
    expect(r.told(ids[0]!, 'speakers').at(-1)?.participantIds).toEqual([last]);
    const again = r.room.speak([last], r.nowMs + 1_000);
    expect(r.told(ids[0]!, 'streams-changed', again)).toEqual([]);
  });

  it('is not looked at anew in a small room', () => {
    const { r, ids } = crowd(5);
    const effects = r.room.speak([ids[1]!], r.nowMs);
    expect(r.told(ids[0]!, 'streams-changed', effects)).toEqual([]);
    expect(latest(r, ids[0]!)).toHaveLength(8);
  });
});
