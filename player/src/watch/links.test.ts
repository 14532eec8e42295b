import { describe, expect, it } from 'vitest';
import { embedCode, shareLink } from './links.ts';

describe('shareLink', () => {
  it('leads to the broadcast, and to a moment of it', () => {
    expect(shareLink('https://a.example', 'main')).toBe('https://a.example/watch/main');
    expect(shareLink('https://a.example', 'main', 1_800_000_123_456)).toBe(
      'https://a.example/watch/main?t=1800000123',
    );
  });
});

describe('embedCode', () => {
  it('cannot be broken out of by a title', () => {
    const code = embedCode('https://a.example', 'main', '"><script>alert(1)</script>');
    expect(code).toContain('title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(code).toContain('src="https://a.example/embed/main"');
    expect(code.match(/</g)).toHaveLength(2);
  });
});
