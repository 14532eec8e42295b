import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  prometheusContentType,
  Registry,
} from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

export const METRICS_CONTENT_TYPE = prometheusContentType;
const PREFIX = 'amphi_';

interface Described {
  /** Without the prefix, in base units: `origin_part_bytes_total`. */
  name: string;
  help: string;
}

/** A count, or several by what sets them apart. */
type Total = number | Readonly<Record<string, number>>;

/**
 * What one process measures of itself, as Prometheus reads it. Handed to who
 * has something to measure. What exists anyway is read when it is asked for
 * (`gauge`, `total`), so that measuring it costs nothing in between.
 */
export class Metrics {
  readonly #registry = new Registry();

  constructor(about: { role: string; node: string }) {
    this.#registry.setDefaultLabels(about);
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
  }

  counter<L extends string = string>(described: Described & { labels?: readonly L[] }): Counter<L> {
    const { name, help, labels = [] } = described;
    return new Counter({
      name: PREFIX + name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
    });
  }

  histogram<L extends string = string>(
    described: Described & { labels?: readonly L[]; buckets: readonly number[] },
  ): Histogram<L> {
    const { name, help, labels = [], buckets } = described;
    return new Histogram({
      name: PREFIX + name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }

  /** A value that is read when somebody asks. */
  gauge(described: Described & { read: () => number | Promise<number> }): void {
    const { name, help, read } = described;
    new Gauge({
      name: PREFIX + name,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await read());
      },
    });
  }

  /** A count that is kept elsewhere and read when somebody asks; by label value when it has several. */
  total<L extends string = string>(
    described: Described & { label?: L; read: () => Total | Promise<Total> },
  ): void {
    const { name, help, label, read } = described;
    new Counter({
      name: PREFIX + name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      async collect() {
        const value = await read();
        this.reset();
        if (typeof value === 'number') {
          this.inc(value);
          return;
        }
        for (const [name, count] of Object.entries(value)) {
          this.inc({ [label ?? 'kind']: name } as Record<L, string>, count);
        }
      },
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/**
 * Several processes' metrics as one exposition: all lines of a metric stand
 * together under one description, as the format demands.
 */
export function mergeExpositions(texts: readonly string[]): string {
  const described = new Map<string, { about: string[]; samples: string[] }>();
  for (const text of texts) {
    let current: { about: string[]; samples: string[] } | undefined;
    let isNew = false;
    for (const line of text.split('\n')) {
      const name = line.match(/^# (?:HELP|TYPE) (\S+)/)?.[1];
      if (name === undefined) {
        if (line !== '' && !line.startsWith('#')) current?.samples.push(line);
        continue;
      }
      if (line.startsWith('# HELP')) {
        current = described.get(name);
        isNew = current === undefined;
        current ??= { about: [], samples: [] };
        described.set(name, current);
      }
      if (isNew) current?.about.push(line);
    }
  }
  const lines: string[] = [];
  for (const { about, samples } of described.values()) lines.push(...about, ...samples);
  lines.push('');
  return lines.join('\n');
}
