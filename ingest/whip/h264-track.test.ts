import { describe, expect, it } from 'vitest';
import { lengthPrefixed, parseAvcConfig, parseAvTag, TAG_VIDEO } from '#protocol';
import { H264Track } from './h264-track.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex'));
/** x264, 320 x 240, Constrained Baseline. */
const SPS = bytes('6742c00dd90141fb0110000003001000000300320f1429900000'.slice(0, 46));
const PPS = bytes('68cb83cb20');
const IDR = bytes('65010203');
const SLICE = bytes('4104');
const DELIMITER = bytes('09f0');

const unit = (key: boolean, ...nals: Uint8Array[]) => ({ key, payload: lengthPrefixed(nals) });
const read = (bodies: Uint8Array[]) => bodies.map((body) => parseAvTag(TAG_VIDEO, body));

describe('H264Track', () => {
  it('makes a configuration and a picture of a key frame', () => {
    const [config, picture] = read(new H264Track().tags(unit(true, DELIMITER, SPS, PPS, IDR)));
    expect(config?.kind).toBe('video-config');
    if (config?.kind !== 'video-config') return;
    expect(parseAvcConfig(config.config)).toMatchObject({ spsUnits: [SPS], ppsUnits: [PPS] });
    expect(picture).toMatchObject({ kind: 'video', key: true, payload: lengthPrefixed([IDR]) });
  });

  it('passes other frames as they are', () => {
    const track = new H264Track();
    track.tags(unit(true, SPS, PPS, IDR));
    expect(read(track.tags(unit(false, SLICE)))).toMatchObject([
      { kind: 'video', key: false, compositionMs: 0, payload: lengthPrefixed([SLICE]) },
    ]);
  });

  it('remembers parameter sets that are sent once, not the memory they came in', () => {
    const track = new H264Track();
    const first = unit(true, SPS, PPS, IDR);
    track.tags(first);
    first.payload.fill(0);
    const [config] = read(track.tags(unit(true, IDR)));
    expect(config?.kind === 'video-config' && parseAvcConfig(config.config).spsUnits).toEqual([
      SPS,
    ]);
  });

  it('makes nothing of a key frame without parameter sets, or of what is no access unit', () => {
    expect(new H264Track().tags(unit(true, IDR))).toEqual([]);
    expect(new H264Track().tags({ key: false, payload: bytes('ffffffff41') })).toEqual([]);
  });
});
