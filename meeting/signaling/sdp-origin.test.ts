import { expect, it } from 'vitest';
import { descriptionOrigin } from './sdp-origin.ts';

it('is the same whatever the version, another for another connection, empty for none', () => {
  const of = (line: string) => descriptionOrigin(`v=0\r\n${line}\r\ns=-\r\n`);
  expect(of('o=- 4611731400430051336 2 IN IP4 127.0.0.1')).toBe('- 4611731400430051336');
  expect(of('o=- 4611731400430051336 3 IN IP4 127.0.0.1')).toBe('- 4611731400430051336');
  expect(of('o=mozilla...THIS_IS_SDPARTA-99.0 77 0 IN IP4 0.0.0.0')).toContain(' 77');
  expect(of('a=o=- 1 2')).toBe('');
  expect(descriptionOrigin('')).toBe('');
});
