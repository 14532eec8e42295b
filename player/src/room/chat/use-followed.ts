import { useEffect, useLayoutEffect, useRef } from 'react';

const NEAR_END = 80;

/** Keeps what is newest in sight, unless somebody reads further up. Pictures that load later count, too. */
export function useFollowed(ref: React.RefObject<HTMLElement | null>, content: unknown) {
  const isAtEnd = useRef(true);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const toEnd = () => {
      if (isAtEnd.current) current.scrollTop = current.scrollHeight;
    };
    const onScroll = () => {
      const { scrollHeight, scrollTop, clientHeight } = current;
      isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
    };
    const observer = new ResizeObserver(toEnd);
    observer.observe(current);
    current.addEventListener('scroll', onScroll);
    current.addEventListener('load', toEnd, true);
    return () => {
      observer.disconnect();
      current.removeEventListener('scroll', onScroll);
      current.removeEventListener('load', toEnd, true);
    };
  }, [ref]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is what moves it.
  useLayoutEffect(() => {
    const { current } = ref;
    if (current !== null && isAtEnd.current) current.scrollTop = current.scrollHeight;
  }, [ref, content]);
}
