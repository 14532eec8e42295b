/** Calls something again and again; tests drive it by hand. */
export interface Ticker {
  /** The returned function stops it. */
  every(ms: number, tick: () => void): () => void;
}

export const systemTicker: Ticker = {
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    return () => clearInterval(timer);
  },
};
