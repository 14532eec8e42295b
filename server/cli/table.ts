/** Rows as aligned text, headed by their keys. */
export function table(rows: readonly Record<string, string | number>[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const keys = Object.keys(first);
  const widths = keys.map((key) =>
    Math.max(key.length, ...rows.map((row) => String(row[key] ?? '').length)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    line(keys.map((key) => key.toUpperCase())),
    ...rows.map((row) => line(keys.map((key) => String(row[key] ?? '')))),
  ].join('\n');
}
