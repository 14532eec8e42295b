import { begin } from '../playback/begin.ts';
import './watch.css';

/** The page's first script: the stream before everything else. */
const playback = await begin({}, async () => (await import('./player.ts')).openPlayer);
const { openShell } = await import('./shell.tsx');
openShell(playback);
