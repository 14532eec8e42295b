import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SecondAttempts } from './test/support/second-attempts.ts';

/**
 * Unit tests stand beside what they test. `integration` are real processes and
 * real browsers that wait more than they work, two files at a time; `e2e`
 * measures what is seen in browsers, and needs the machine to itself.
 */
const source = { resolve: { conditions: ['amphi-source', 'node', 'import', 'default'] } };
/** What waits for other processes is tried once more; `SecondAttempts` names it. */
const patient = { testTimeout: 60_000, hookTimeout: 120_000, retry: 1 };

export default defineConfig({
  test: {
    reporters: ['default', new SecondAttempts()],
    projects: [
      {
        ...source,
        ssr: source,
        test: {
          name: 'unit',
          include: [
            '{base,config,protocol,contracts,platform,callserver,ingest,transcode,edge,meeting,server,player}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**'],
          maxWorkers: availableParallelism(),
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...source,
        ssr: source,
        test: {
          ...patient,
          name: 'integration',
          include: ['test/{integration,browser,fuzz}/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...source,
        ssr: source,
        test: {
          ...patient,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
