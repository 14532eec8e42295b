/** One side-by-side measurement. Adding one is a file and a line in the table of `main.ts`. */
export interface Benchmark {
  name: string;
  /** What is measured against what, in one line. */
  summary: string;
  run(options: BenchOptions): Promise<BenchResult>;
}

export interface BenchOptions {
  /** Shorter runs, for trying out. */
  quick: boolean;
  /** Further words of the command line. */
  args: readonly string[];
}

/** The value of `--name=value` on the command line. */
export const optionOf = ({ args }: Pick<BenchOptions, 'args'>, name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);

export interface BenchResult {
  /** Rows of the table that is printed, all with the same keys. */
  rows: Record<string, string | number>[];
  /** Figures held against their targets. */
  verdicts: { what: string; value: number; target: string; met: boolean }[];
  notes?: string[];
}
