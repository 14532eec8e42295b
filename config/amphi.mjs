#!/usr/bin/env node
/** The command line of a built checkout: `npx amphi …`. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/server/index.js', import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  process.stderr.write('Amphi is not built yet: run "npm start" or "npm run build" once.\n');
  process.exit(69);
}
const amphi = await import(main.href);
await amphi.main(process.argv.slice(2));
