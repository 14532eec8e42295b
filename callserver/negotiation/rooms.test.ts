import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { parseSdp, type SessionDescription, writeSdp } from '#protocol';
import type { LocalTransport } from '../parameters.ts';
import { negotiatePublication } from './publish.ts';
import { negotiateReception, type Placement, type WantedProducer } from './receive.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
const CHROMIUM = fixture('chromium-whip');
const FIREFOX = fixture('firefox-whep');

const LOCAL: LocalTransport = {
  usernameFragment: 'abcd',
  password: '0123456789012345678901',
  fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
  candidates: [],
};

/** An offer of the fixture's sections, each so often, with mids of their own. */
function offerOf(sdp: string, kinds: readonly ('audio' | 'video')[]): SessionDescription {
  const offer = parseSdp(sdp);
  const media = kinds.map((kind, i) => {
    const section = offer.media.find((one) => one.kind === kind)!;
    return { ...section, mid: `m${i}` };
  });
  return { ...offer, media, bundle: media.map(({ mid }) => mid) };
}

const producerOf = (producerId: string, name: 'VP8' | 'H264' | 'opus' = 'VP8'): WantedProducer => ({
  producerId,
  streamId: `stream-${producerId}`,
  parameters: { kind: name === 'opus' ? 'audio' : 'video', codec: { name, parameters: {} } },
});

let ssrc = 1_000;
const receive = (
  offer: SessionDescription,
  wanted: readonly WantedProducer[],
  placed: readonly Placement[] = [],
) => negotiateReception(offer, wanted, { sessionId: '1', nextSsrc: () => ssrc++, placed });

const codeOf = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return isAmphiError(error) ? error.code : error;
  }
  return undefined;
};

describe('negotiateReception', () => {
  it('keeps a section open in which there is nothing yet', () => {
    const reception = receive(offerOf(FIREFOX, ['audio']), []);
    expect(reception.placed).toEqual([]);
    const [section] = parseSdp(writeSdp(reception.answer(LOCAL))).media;
    expect(section).toMatchObject({ port: 9, direction: 'inactive', formats: ['109'] });
    expect(section?.ice?.usernameFragment).toBe('abcd');
  });

  it('gives what is wanted the free sections of its kind, most important first, and says what is left', () => {
    const offer = offerOf(FIREFOX, ['video', 'audio', 'video']);
    const wanted = [
      producerOf('a'),
      producerOf('h', 'H264'),
      producerOf('sound', 'opus'),
      producerOf('b'),
      producerOf('c'),
    ];
    const reception = receive(offer, wanted);
    expect(reception.placed.map(({ mid, producerId }) => [mid, producerId])).toEqual([
      ['m0', 'a'],
      ['m1', 'sound'],
      ['m2', 'b'],
    ]);
    expect(reception.left).toEqual([
      { producerId: 'h', why: 'codec' },
      { producerId: 'c', why: 'section' },
    ]);
    const answer = parseSdp(writeSdp(reception.answer(LOCAL, 7)));
    expect(answer.sessionVersion).toBe(7);
    expect(answer.media.map(({ direction }) => direction)).toEqual(Array(3).fill('sendonly'));
    expect(answer.media[2]?.msid).toBe('stream-b b');
  });

  it('asks for a section where there is none of the kind', () => {
    const reception = receive(offerOf(FIREFOX, ['video']), [producerOf('sound', 'opus')]);
    expect(reception.left).toEqual([{ producerId: 'sound', why: 'section' }]);
  });

  it('leaves what is wanted still where it is, with the SSRC that it has', () => {
    const offer = offerOf(FIREFOX, ['video', 'video', 'video']);
    const first = receive(
      offer,
      ['a', 'b', 'c'].map((id) => producerOf(id)),
    );
    // The other order, and one less.
    const second = receive(
      offer,
      ['d', 'c', 'a'].map((id) => producerOf(id)),
      first.placed,
    );
    expect(second.placed.map(({ producerId }) => producerId)).toEqual(['a', 'd', 'c']);
    expect(second.placed[0]?.parameters).toBe(first.placed[0]?.parameters);
    expect(second.placed[2]?.parameters).toBe(first.placed[2]?.parameters);
    expect(second.placed[1]?.parameters.ssrc).not.toBe(first.placed[1]?.parameters.ssrc);
  });

  it('begins anew where the offer changed its terms', () => {
    const offer = offerOf(FIREFOX, ['video']);
    const first = receive(offer, [producerOf('a')]);
    const other = parseSdp(
      FIREFOX.replaceAll(/\b120\b/g, '118').replaceAll(/a=ice-ufrag.*/g, 'a=ice-ufrag:a2cd015e'),
    );
    const changed = { ...offerOf(FIREFOX, ['video']), media: [{ ...other.media[0]!, mid: 'm0' }] };
    const [again] = receive(changed, [producerOf('a')], first.placed).placed;
    expect(again?.parameters.payloadType).toBe(118);
    expect(again?.parameters.ssrc).not.toBe(first.placed[0]?.parameters.ssrc);
  });

  it('never needs more sections than were wanted at once', () => {
    const SECTIONS = 4;
    const offer = offerOf(FIREFOX, Array(SECTIONS).fill('video'));
    let placed: Placement[] = [];
    for (let i = 0; i < 500; i++) {
      // A window that moves on over the producers: one goes, one comes.
      const wanted = Array.from({ length: SECTIONS }, (_, k) => producerOf(`p${i + k}`));
      const reception = receive(offer, wanted, placed);
      expect(reception.left).toEqual([]);
      ({ placed } = reception);
    }
    const window = Array.from({ length: SECTIONS + 1 }, (_, k) => producerOf(`p${500 + k}`));
    expect(receive(offer, window, placed).left).toEqual([{ producerId: 'p504', why: 'section' }]);
  });

  it('does not put two into one section, nor one into two', () => {
    const offer = offerOf(FIREFOX, ['video', 'video']);
    const first = receive(offer, [producerOf('a'), producerOf('b')]);
    const mids = receive(offer, [producerOf('c'), producerOf('b')], first.placed).placed;
    expect(mids.map(({ mid, producerId }) => [mid, producerId])).toEqual([
      ['m0', 'c'],
      ['m1', 'b'],
    ]);
  });

  it('gives each section of one stream a track of its own', () => {
    const offer = offerOf(FIREFOX, ['video', 'video']);
    const wanted = ['a', 'b'].map((id) => ({ ...producerOf(id), streamId: 'ann' }));
    const answer = receive(offer, wanted).answer(LOCAL);
    expect(answer.media.map(({ msid }) => msid)).toEqual(['ann a', 'ann b']);
  });

  it('does not accept an offer in which nothing can be received, ever', () => {
    const refused = offerOf(FIREFOX, ['video']);
    const media = refused.media.map((one) => ({ ...one, port: 0 }));
    expect(codeOf(() => receive({ ...refused, media }, []))).toBe('not_acceptable');
  });

  it('takes sections that a first offer marks as bundled only', () => {
    const offer = offerOf(FIREFOX, ['video', 'video']);
    const media = offer.media.map((one, i) =>
      i === 0 ? one : { ...one, port: 0, bundleOnly: true },
    );
    const reception = receive({ ...offer, media }, [producerOf('a'), producerOf('b')]);
    expect(reception.placed).toHaveLength(2);
    expect(reception.answer(LOCAL).media.map(({ port }) => port)).toEqual([9, 9]);
  });
});

describe('negotiatePublication of several', () => {
  const publish = (offer: SessionDescription) =>
    negotiatePublication(offer, {
      codecs: ['VP8', 'opus'],
      order: 'codecs',
      startBitrateKbps: 2_000,
      sessionId: '1',
      several: true,
    });

  it('takes every section that sends, and keeps the others open', () => {
    const offer = offerOf(CHROMIUM, ['audio', 'video', 'video', 'audio']);
    const media = offer.media.map((one, i) =>
      i === 2 ? { ...one, direction: 'inactive' as const } : one,
    );
    const publication = publish({ ...offer, media });
    expect(publication.producers.map(({ mid }) => mid)).toEqual(['m0', 'm1', 'm3']);
    const answer = publication.answer(LOCAL);
    expect(answer.media.map(({ port, direction }) => [port, direction])).toEqual([
      [9, 'recvonly'],
      [9, 'recvonly'],
      [9, 'inactive'],
      [9, 'recvonly'],
    ]);
    expect(answer.bundle).toEqual(['m0', 'm1', 'm2', 'm3']);
  });

  it('leaves a stopped section refused', () => {
    const offer = offerOf(CHROMIUM, ['audio', 'video']);
    const media = offer.media.map((one, i) => (i === 1 ? { ...one, port: 0 } : one));
    const answer = publish({ ...offer, media }).answer(LOCAL);
    expect(answer.media.map(({ port }) => port)).toEqual([9, 0]);
    expect(answer.bundle).toEqual(['m0']);
  });

  it('needs no stream as long as a section is there for one', () => {
    const offer = offerOf(CHROMIUM, ['audio']);
    const media = offer.media.map((one) => ({ ...one, direction: 'inactive' as const }));
    expect(publish({ ...offer, media }).producers).toEqual([]);
    const refused = media.map((one) => ({ ...one, port: 0 }));
    expect(codeOf(() => publish({ ...offer, media: refused }))).toBe('not_acceptable');
  });
});
