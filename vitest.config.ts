import { defineConfig } from 'vitest/config';

/** Unit tests stand beside what they test and run in parallel; the others need the machine to themselves. */
const source = { resolve: { conditions: ['amphi-source', 'node', 'import', 'default'] } };

export default defineConfig({
  test: {
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
        },
      },
      {
        ...source,
        ssr: source,
        test: {
          name: 'system',
          include: ['test/{integration,fuzz,e2e}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
