import { DEFAULT_PREFERENCES, type Preferences } from './media/local-media.ts';

/** What is kept on this device between visits. */
interface Kept {
  name: string;
  preferences: Preferences;
  /** Whether letters by themselves do something in the room (WCAG 2.1.4 wants a way to turn that off). */
  hasLetterKeys: boolean;
}

const KEY = 'amphi.room';

export function readKept(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>;
    return {
      name: typeof kept.name === 'string' ? kept.name : '',
      preferences: { ...DEFAULT_PREFERENCES, ...kept.preferences },
      hasLetterKeys: kept.hasLetterKeys !== false,
    };
  } catch {
    return { name: '', preferences: DEFAULT_PREFERENCES, hasLetterKeys: true };
  }
}

export function keep(kept: Partial<Kept>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readKept(), ...kept }));
  } catch {
    // Storage is refused: it is asked for again the next time.
  }
}
