import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';
import { compress } from './build/compress.ts';
import { preloadSplit } from './build/preload-split.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Every page is an entry of its own: a viewer never loads the studio. */
const pages = readdirSync(root).filter((name) => name.endsWith('.html'));

export default defineConfig({
  root,
  plugins: [react(), preloadSplit(), compress()],
  // The project's own folders are read from their sources.
  resolve: { conditions: ['amphi-source', ...defaultClientConditions] },
  build: {
    outDir: '../dist/player',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The player is one piece on purpose: a viewer needs all of it for the first picture.
    chunkSizeWarningLimit: 1_200,
    sourcemap: true,
    rolldownOptions: {
      input: Object.fromEntries(pages.map((page) => [page.replace('.html', ''), `${root}${page}`])),
    },
  },
});
