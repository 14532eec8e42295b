import { prettyFactory } from 'pino-pretty';
import type { Logger } from '#base';
import { createLogger } from '#platform';

/** The one log of this machine: every process's lines, on standard output; readable on a terminal, JSON elsewhere. */
export interface LogStream {
  /** A line as a process wrote it. */
  line(text: string): void;
  log: Logger;
}

export function openLogStream(level: string, pretty: boolean): LogStream {
  const prettify = prettyFactory({
    colorize: true,
    ignore: 'pid,role,hostname',
    messageFormat: (record, key) =>
      `${String(record['role'] ?? '').padEnd(9)} ${String(record[key] ?? '')}`,
    translateTime: 'SYS:HH:MM:ss.l',
  });
  const line = (text: string) => {
    if (!pretty) {
      process.stdout.write(`${text}\n`);
      return;
    }
    process.stdout.write(text.startsWith('{') ? (prettify(text) ?? '') : `${text}\n`);
  };
  return { line, log: createLogger({ level, role: 'main', write: line }) };
}
