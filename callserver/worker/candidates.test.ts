import { describe, expect, it } from 'vitest';
import { writeCandidate } from '#protocol';
import { hostCandidates } from './candidates.ts';

const LAST = 90 * 2 ** 24 + 0xff * 256 + 255;

const written = (more: Parameters<typeof hostCandidates>[2]) =>
  hostCandidates(['203.0.113.9', '2001:db8::1'], 44_000, more).map(writeCandidate);

describe('hostCandidates', () => {
  it('are one for each address, the first preferred', () => {
    expect(written({})).toEqual([
      'host40 1 udp 2130706431 203.0.113.9 44000 typ host',
      'host61 1 udp 2130706175 2001:db8::1 44000 typ host',
    ]);
  });

  it('are followed by passive TCP ones (RFC 6544 4.5), all of them below UDP', () => {
    // (90 << 24) + ((4 << 13) + 8191) * 256 + 255
    expect(written({ tcp: true }).slice(2)).toEqual([
      'tcp40 1 tcp 1520435199 203.0.113.9 44000 typ host tcptype passive',
      'tcp61 1 tcp 1520434943 2001:db8::1 44000 typ host tcptype passive',
    ]);
  });

  it('end with those for TURN servers, which are checked last', () => {
    expect(written({ tcp: true, relayPort: 44_002 }).slice(4)).toEqual([
      `turn40 1 udp ${LAST} 203.0.113.9 44002 typ host`,
      `turn61 1 udp ${LAST - 256} 2001:db8::1 44002 typ host`,
    ]);
  });
});
