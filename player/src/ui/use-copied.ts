import { useEffect, useState } from 'react';

const SHOWN_MS = 2_000;

/** Whether something has just been copied: true for a moment after it was said so. */
export function useCopied(): [copied: boolean, setCopied: (copied: boolean) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, setCopied];
}
