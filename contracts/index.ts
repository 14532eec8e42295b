export * from './api.ts';
export * from './ids.ts';
export * from './internal.ts';
export * from './jobs.ts';
export * from './live.ts';
export * from './media.ts';
export * from './play.ts';
export * from './rendition.ts';
