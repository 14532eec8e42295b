import type {
  FragmentLoaderContext,
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
  PlaylistLoaderContext,
} from 'hls.js';
import type { Answer, Wire } from './wire.ts';

/** Called with each playlist that comes, before the engine reads it. */
export interface PlaylistReaders {
  multivariant(text: string, url: string): void;
  media(text: string, url: string, held: boolean): void;
}

type AnyContext = LoaderContext | FragmentLoaderContext | PlaylistLoaderContext;
type LoaderClass = new (config: HlsConfig) => Loader<AnyContext>;

const freshStats = (): LoaderStats => ({
  aborted: false,
  loaded: 0,
  retry: 0,
  total: 0,
  chunkCount: 0,
  bwEstimate: 0,
  loading: { start: 0, first: 0, end: 0 },
  parsing: { start: 0, end: 0 },
  buffering: { start: 0, first: 0, end: 0 },
});

const timedOut = Symbol('timed out');

/** A held answer counts as asked this long before it began to come, so that waiting is not taken for slowness. */
const HELD_TTFB_MS = 30;

/**
 * The engine's loader: takes what was asked ahead, else asks. Retries are the
 * engine's, by its load policies.
 */
export function loaderClass(wire: Wire, readers: PlaylistReaders): LoaderClass {
  return class WireLoader implements Loader<AnyContext> {
    context: AnyContext | null = null;
    stats = freshStats();
    #abort = new AbortController();
    #answer: Answer | undefined;
    #callbacks: LoaderCallbacks<AnyContext> | undefined;

    load(
      context: AnyContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<AnyContext>,
    ): void {
      this.context = context;
      this.#callbacks = callbacks;
      this.stats.loading.start = performance.now();
      this.#run(context, config).catch((error) => {
        if (this.stats.aborted) return;
        if (error === timedOut) callbacks.onTimeout(this.stats, context, null);
        else callbacks.onError({ code: 0, text: String(error) }, context, null, this.stats);
      });
    }

    abort(): void {
      if (this.stats.loading.end === 0) {
        this.stats.aborted = true;
        this.#abort.abort();
        const { context } = this;
        if (context !== null) this.#callbacks?.onAbort?.(this.stats, context, null);
      }
      this.#callbacks = undefined;
    }

    destroy(): void {
      this.#callbacks = undefined;
      if (this.stats.loading.end === 0) {
        this.stats.aborted = true;
        this.#abort.abort();
      }
      this.context = null;
    }

    getCacheAge(): number | null {
      const age = this.#answer?.headers.get('age');
      return age ? Number.parseFloat(age) : null;
    }

    getResponseHeader(name: string): string | null {
      return this.#answer?.headers.get(name) ?? null;
    }

    async #run(context: AnyContext, config: LoaderConfiguration): Promise<void> {
      const answer = await this.#within(
        config.loadPolicy.maxLoadTimeMs,
        wire.take(context.url, this.#abort.signal)?.catch(() => this.#ask(context)) ??
          this.#ask(context),
      );
      if (this.stats.aborted) return;
      this.#answer = answer;
      this.#time(answer);
      const callbacks = this.#callbacks;
      if (answer.status < 200 || answer.status > 299) {
        const text = `HTTP ${answer.status}`;
        callbacks?.onError({ code: answer.status, text }, context, null, this.stats);
        return;
      }
      const binary = context.responseType === 'arraybuffer';
      const data = binary ? answer.body : new TextDecoder().decode(answer.body);
      if (typeof data === 'string') {
        if (context.type === 'level') readers.media(data, answer.url, answer.held);
        else if (context.type === 'manifest') readers.multivariant(data, answer.url);
      }
      callbacks?.onSuccess(
        { url: answer.url, data, code: answer.status },
        this.stats,
        context,
        null,
      );
    }

    #ask(context: AnyContext): Promise<Answer> {
      const { url, rangeStart = 0, rangeEnd = 0, headers = {} } = context;
      const range = rangeEnd > 0 ? { Range: `bytes=${rangeStart}-${rangeEnd - 1}` } : {};
      return wire.get(url, {
        signal: this.#abort.signal,
        headers: { ...headers, ...range },
        held: url.includes('_HLS_msn='),
      });
    }

    async #within<T>(ms: number, work: Promise<T>): Promise<T> {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(timedOut), ms);
      });
      try {
        return await Promise.race([work, late]);
      } finally {
        clearTimeout(timer);
      }
    }

    #time(answer: Answer): void {
      const { stats } = this;
      const { sentAt, firstAt, endAt, held } = answer;
      stats.loading.start = held ? Math.max(sentAt, firstAt - HELD_TTFB_MS) : sentAt;
      stats.loading.first = firstAt;
      stats.loading.end = endAt;
      stats.loaded = answer.body.byteLength;
      stats.total = answer.body.byteLength;
    }
  };
}
