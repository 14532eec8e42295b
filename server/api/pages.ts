import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { AmphiError } from '#base';

/** The built web pages, each under its own path. */
const PAGES: readonly { path: string; file: string; embeddable?: true }[] = [
  { path: '/', file: 'index.html' },
  { path: '/watch/:eventId', file: 'watch.html' },
  { path: '/embed/:eventId', file: 'embed.html', embeddable: true },
  { path: '/studio', file: 'studio.html' },
  { path: '/studio/:eventId', file: 'studio.html' },
  { path: '/room/:meetingId', file: 'room.html' },
  { path: '/calls', file: 'calls.html' },
  { path: '/api/docs', file: 'docs.html' },
];

/** `dist/player` beside this file's `dist/server/api`. */
const FOLDER = fileURLToPath(new URL('../../player', import.meta.url));
const ASSET_SECONDS = 31_536_000;

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob: http: https:",
  "media-src 'self' blob: http: https:",
  "connect-src 'self' http: https: ws: wss:",
  "worker-src 'self' blob:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

export function mountPages(app: Express): void {
  for (const { path, file, embeddable } of PAGES) {
    app.get(path, (_req: Request, res: Response) => sendPage(res, file, embeddable));
  }
  app.use('/assets', precompressed);
  app.use(
    '/assets',
    express.static(join(FOLDER, 'assets'), {
      immutable: true,
      maxAge: ASSET_SECONDS * 1000,
      fallthrough: true,
      acceptRanges: false,
    }),
  );
  app.use(
    express.static(FOLDER, {
      index: false,
      maxAge: 3_600_000,
      fallthrough: true,
      acceptRanges: false,
    }),
  );
  app.use((req: Request, res: Response) => {
    const wantsPage = req.method === 'GET' && req.accepts(['html', 'json']) === 'html';
    if (!wantsPage || /^\/(api|internal)(\/|$)/.test(req.path)) throw new AmphiError('not_found');
    sendPage(res.status(404), 'not-found.html');
  });
}

function sendPage(res: Response, file: string, embeddable = false): void {
  const ancestors = embeddable ? '*' : "'self'";
  res.setHeader(
    'content-security-policy',
    `${CONTENT_SECURITY_POLICY}; frame-ancestors ${ancestors}`,
  );
  res.setHeader('cache-control', 'no-cache');
  res.sendFile(join(FOLDER, file), { acceptRanges: false });
}

const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/** Answers with the compressed form that the build wrote beside an asset, when the browser takes it. */
function precompressed(req: Request, res: Response, next: NextFunction): void {
  const type = ASSET_TYPES.find(({ ending }) => req.path.endsWith(ending))?.type;
  if (type === undefined || req.path.includes('..')) {
    next();
    return;
  }
  res.vary('Accept-Encoding');
  const encoding = ENCODINGS.find(
    ({ name, suffix }) =>
      req.acceptsEncodings(name) === name && existsSync(join(FOLDER, 'assets', req.path + suffix)),
  );
  if (encoding !== undefined) {
    req.url += encoding.suffix;
    res.setHeader('content-type', type);
    res.setHeader('content-encoding', encoding.name);
  }
  next();
}

const ASSET_TYPES = [
  { ending: '.js', type: 'text/javascript; charset=utf-8' },
  { ending: '.css', type: 'text/css; charset=utf-8' },
] as const;
