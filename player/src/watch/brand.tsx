import { Mark, Wordmark } from '../ui/logo.tsx';

/** The way home, as on every page. */
export function Brand() {
  return (
    <a className="watch-brand" href="/" aria-label="Amphi, home">
      <Mark size={32} />
      <Wordmark height={22} />
    </a>
  );
}
