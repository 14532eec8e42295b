/**
 * Acts at once, and again every `everyMs` milliseconds while somebody looks at
 * the page; for who comes back to it, at once. Returns what ends it.
 */
export function whileSeen(everyMs: number, act: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const goOn = () => {
    clearInterval(timer);
    if (!document.hidden) timer = setInterval(act, everyMs);
  };
  const onSeen = () => {
    if (!document.hidden) act();
    goOn();
  };
  act();
  goOn();
  document.addEventListener('visibilitychange', onSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', onSeen);
  };
}
