import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AudioOutput } from './audio-output.ts';

/** Whether somebody has pressed something on the page. */
let isActivated: boolean;
const players: FakeAudio[] = [];

/** An audio element as Chromium has it: muted it plays at once, and pauses when it is unmuted too early. */
class FakeAudio extends EventTarget {
  srcObject: unknown;
  paused = true;
  currentTime = 1;
  sink = '';
  #muted = false;

  constructor() {
    super();
    players.push(this);
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    if (muted || isActivated || this.paused) return;
    this.paused = true;
    queueMicrotask(() => this.dispatchEvent(new Event('pause')));
  }

  async setSinkId(id: string): Promise<void> {
    this.sink = id;
  }

  async play(): Promise<void> {
    if (!this.#muted && !isActivated) throw new DOMException('', 'NotAllowedError');
    this.paused = false;
  }

  remove(): void {}
}

const onBlocked = vi.fn();
let output: AudioOutput;
const voice = (id: string, of: string, isHeard = true) => ({
  track: { id, readyState: 'live' } as MediaStreamTrack,
  of,
  isHeard,
});
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  isActivated = false;
  players.length = 0;
  onBlocked.mockReset();
  vi.stubGlobal('Audio', FakeAudio);
  vi.stubGlobal('MediaStream', class {});
  const element = () => ({ append: () => {}, remove: () => {} });
  vi.stubGlobal('document', { createElement: element, body: element() });
  output = new AudioOutput(onBlocked);
});

afterEach(() => {
  output.close();
  vi.unstubAllGlobals();
});

it.each(['', 'headset'])(
  'says that the page may not sound, and sounds when it may, on %j',
  async (sink) => {
    await output.setSink(sink);
    output.set([voice('a', 'ada'), voice('b', 'ada', false)]);
    await settle();
    expect(onBlocked).toHaveBeenCalled();
    expect(players.map(({ paused }) => paused)).toEqual([true, false]);
    isActivated = true;
    onBlocked.mockReset();
    output.resume();
    await settle();
    expect(onBlocked).not.toHaveBeenCalled();
    expect(players.map(({ paused, muted }) => [paused, muted])).toEqual([
      [false, false],
      [false, true],
    ]);
    expect(players.every((player) => player.sink === sink)).toBe(true);
  },
);

it('has all that comes later on the speaker that was chosen', async () => {
  isActivated = true;
  output.set([voice('a', 'ada')]);
  await output.setSink('headset');
  output.set([voice('a', 'ada'), voice('b', 'bob')]);
  await settle();
  expect(players.map(({ sink }) => sink)).toEqual(['headset', 'headset']);
  expect(onBlocked).not.toHaveBeenCalled();
});

it.each(['taken away', 'over'])('does not play again what is %s', async (why) => {
  isActivated = true;
  const ada = voice('a', 'ada');
  output.set([ada]);
  await settle();
  if (why === 'over') Object.assign(ada.track, { readyState: 'ended' });
  else output.set([]);
  const [player] = players;
  if (player !== undefined) player.paused = true;
  player?.dispatchEvent(new Event('pause'));
  await settle();
  expect(player?.paused).toBe(true);
});
