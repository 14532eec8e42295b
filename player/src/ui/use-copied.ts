import { useEffect, useState } from 'react';

const SHOWN_MS = 2_000;

/** Whether something has just been copied: true for a moment after it was said so. */
export function useCopied(
  shownMs = SHOWN_MS,
): [copied: boolean, setCopied: (copied: boolean) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied, shownMs]);
  return [copied, setCopied];
}
