import { useEffect, useRef } from 'react';
import { newsPrefix } from './words.ts';

/**
 * As long as the component is there, the page's title begins with how much is
 * new: tabs show nothing else. `name`: what the page is called, where that may
 * change meanwhile.
 */
export function useNewsInTitle(count: number, name: string | undefined): void {
  const added = useRef('');
  useEffect(() => {
    const show = (prefix: string) => {
      const { title } = document;
      const base = title.startsWith(added.current) ? title.slice(added.current.length) : title;
      added.current = prefix;
      document.title = `${prefix}${base}`;
    };
    show(newsPrefix(count));
    return () => show('');
  }, [count]);
  useEffect(() => {
    if (name !== undefined) document.title = `${added.current}${name} – Amphi`;
  }, [name]);
}
