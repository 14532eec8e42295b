import { useEffect } from 'react';

/**
 * Keeps the screen of a phone or a laptop on, where the browser can (Screen Wake
 * Lock). It is given up whenever the page is hidden, and asked for again when
 * somebody looks at it.
 */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let isOver = false;
    const ask = async () => {
      if (document.hidden || !('wakeLock' in navigator)) return;
      // A weak battery is a reason to refuse; then the screen goes dark as ever.
      const given = await navigator.wakeLock.request('screen').catch(() => undefined);
      if (isOver) given?.release();
      else lock = given;
    };
    ask();
    document.addEventListener('visibilitychange', ask);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', ask);
      lock?.release();
    };
  }, []);
}
