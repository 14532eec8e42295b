import { pino } from 'pino';
import type { LogFields, Logger } from '#base';

/** Structured JSON lines on standard output; the supervisor merges and, on a terminal, prettifies them. */
export function createLogger(options: {
  level: string;
  role: string;
  /** Where lines go instead of standard output. */
  write?: (line: string) => void;
}): Logger {
  const { write } = options;
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { role: options.role, pid: process.pid },
    redact: {
      paths: ['*.token', '*.streamKey', '*.authorization', 'token', 'streamKey', 'authorization'],
      censor: '(hidden)',
    },
  };
  return wrap(
    write === undefined
      ? pino(settings)
      : pino(settings, { write: (line) => write(line.trimEnd()) }),
  );
}

function wrap(log: pino.Logger): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields: LogFields) => wrap(log.child(fields)),
  };
}
