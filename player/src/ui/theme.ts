/** The theme: the system's, unless somebody chose the other one on this device. */
export type Theme = 'dark' | 'light';

const KEY = 'amphi.theme';

/** What is kept after a press of the toggle: nothing where the choice is the system's own. */
export function toggled(shown: Theme, system: Theme): { show: Theme; keep: Theme | undefined } {
  const show = shown === 'dark' ? 'light' : 'dark';
  return { show, keep: show === system ? undefined : show };
}

const systemTheme = (): Theme =>
  matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';

export function shownTheme(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'dark' || chosen === 'light' ? chosen : systemTheme();
}

/** Swaps the theme of this page and remembers it. */
export function toggleTheme(): Theme {
  const { show, keep } = toggled(shownTheme(), systemTheme());
  const { dataset } = document.documentElement;
  if (keep === undefined) delete dataset['theme'];
  else dataset['theme'] = keep;
  try {
    if (keep === undefined) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, keep);
  } catch {
    // Storage is refused: it lasts as long as the page.
  }
  return show;
}

/** Calls when the system's theme changes; returns what ends that. */
export function onSystemTheme(listener: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: light)');
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}
