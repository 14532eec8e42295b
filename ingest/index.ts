export { type IngestDeps, IngestService } from './service.ts';
