/** What is left out: who somebody is, what they wrote, and what opens doors. */
const PRIVATE = new Set([
  ...['displayName', 'userId', 'name', 'title'],
  ...['message', 'chat', 'question', 'text'],
  ...['token', 'resumeKey', 'credential'],
]);

/** A copy without what is nobody else's business. Pure. */
export function withoutPrivate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrivate);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      PRIVATE.has(key) ? undefined : withoutPrivate(inner),
    ]),
  );
}
