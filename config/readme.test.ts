import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settingsReadme } from './readme.ts';

it('config/README.md says what the schema says', () => {
  expect(readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')).toBe(settingsReadme());
});
