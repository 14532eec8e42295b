import { describe, expect, it } from 'vitest';
import { Rehearsal } from './rehearsal.ts';
import { castOf } from './stage.ts';

const STREAM_KEY = 'a-stream-key-of-the-event';
const ENTER = { type: 'stage-enter', eventId: 'main', streamKey: STREAM_KEY } as const;

/** A room whose host has put it on stage. */
function staged(more: { layout?: 'grid' | 'speaker'; open?: boolean } = {}) {
  const r = new Rehearsal();
  const host = r.join('host');
  r.say(host, { ...ENTER, ...more, ref: 'enter' });
  const [entry] = r.of('stage-enter').splice(-1);
  if (entry === undefined) throw new Error('nothing to enter');
  r.note(r.room.staged(entry, r.nowMs));
  return { r, host };
}

describe('a room on stage', () => {
  it('is put there by hosts only, and not without a call server', () => {
    const r = new Rehearsal();
    const [host, cohost] = [r.join('host'), r.join('co-host')];
    expect(r.refusal(cohost, ENTER)).toBe('forbidden');
    expect(r.refusal(cohost, { type: 'stage-leave' })).toBe('forbidden');
    expect(r.refusal(host, { type: 'stage-update', open: true })).toBe('conflict');
    r.hasCallServer = false;
    expect(r.refusal(host, ENTER)).toBe('unavailable');
    expect(r.of('stage-enter')).toEqual([]);
  });

  it('says so to all once the event has taken it, goes over the call server, and keeps the key to itself', () => {
    const { r, host } = staged({ open: true });
    const shown = { eventId: 'main', layout: 'grid', open: true };
    expect(r.told(host, 'stage')).toEqual([{ type: 'stage', stage: shown }]);
    expect(r.told(host, 'ok').at(-1)).toMatchObject({ ref: 'enter' });
    expect(r.told(host, 'route').at(-1)?.peers).toBe('callserver');
    const late = r.join();
    expect(r.told(late, 'welcome')[0]?.stage).toEqual(shown);
    expect(JSON.stringify(r.effects)).not.toContain(STREAM_KEY);
    expect(JSON.stringify(r.state)).not.toContain(STREAM_KEY);
  });

  it('leaves when a host says so, or when the event does, and says why', () => {
    const { r, host } = staged();
    r.say(host, { type: 'stage-leave' });
    expect(r.told(host, 'stage').at(-1)).toEqual({ type: 'stage' });
    expect(r.state.stage).toBeUndefined();
    const again = staged();
    again.r.note(again.r.room.unstaged('the event has ended', again.r.nowMs));
    expect(again.r.told(again.host, 'stage').at(-1)).toEqual({
      type: 'stage',
      reason: 'the event has ended',
    });
  });

  it('shows everybody who may send, in the main room', () => {
    const { r, host } = staged();
    const guest = r.join();
    r.join('viewer');
    expect(castOf(r.state)).toEqual([
      { participantId: host, name: 'Person a' },
      { participantId: guest, name: 'Person b' },
    ]);
  });

  it('shows who speaks large, for two seconds at least', () => {
    const { r, host } = staged({ layout: 'speaker' });
    const [b, c] = [r.join(), r.join()];
    const first = () => castOf(r.state)[0]?.participantId;
    expect(first()).toBe(host);
    r.room.speak([b, c], r.nowMs);
    expect(first()).toBe(b);
    r.room.speak([c], r.nowMs + 1_999);
    expect(first()).toBe(b);
    r.room.speak([c], r.nowMs + 2_000);
    expect(first()).toBe(c);
    r.say(host, { type: 'stage-update', layout: 'grid' });
    expect(first()).toBe(host);
  });
});
