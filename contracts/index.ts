export * from './api.ts';
export * from './ids.ts';
export * from './internal.ts';
export * from './jobs.ts';
export * from './live.ts';
export * from './media.ts';
export * from './play.ts';
export * from './publication.ts';
export * from './rendition.ts';
export * from './room-media.ts';
export * from './stage.ts';

export * from './warning.ts';
