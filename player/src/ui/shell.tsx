import { Moon, Sun } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { buttonClass } from './button-class.ts';
import { Mark, Wordmark } from './logo.tsx';
import { onSystemTheme, shownTheme, toggleTheme } from './theme.ts';
import './shell.css';

export interface ShellProps {
  /** The place in the header's navigation that this page is. */
  here?: 'home' | 'calls' | 'studio' | 'docs';
  /** What stands at the end of the header, before the theme. */
  end?: ReactNode;
  /** Version of the server, once it is known. */
  version?: string | undefined;
  children: ReactNode;
}

/** What every page has around it. */
export function Shell({ here, end, version, children }: ShellProps) {
  const current = (place: ShellProps['here']) =>
    place === here ? { 'aria-current': 'page' as const } : {};
  return (
    <>
      <header className="header">
        <a className={`skip ${buttonClass()}`} href="#content">
          Skip to the content
        </a>
        <a className="header-home logo" href="/" aria-label="Amphi, home">
          <Mark size={30} />
          <span className="logo-wide">
            <Wordmark height={24} />
          </span>
        </a>
        <nav className="header-nav" aria-label="Main">
          <a className="header-link" href="/calls" {...current('calls')}>
            Calls
          </a>
          <a className="header-link" href="/studio" {...current('studio')}>
            Studio
          </a>
          <a className="header-link" href="/api/docs" {...current('docs')}>
            API
          </a>
        </nav>
        <div className="header-end">
          {end}
          <ThemeToggle />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer className="footer">
        <span>Amphi{version === undefined ? '' : ` ${version}`}</span>
        <a href="/api/docs">API</a>
        <span className="footer-end">Free software under the Apache License 2.0</span>
      </footer>
    </>
  );
}

export function ThemeToggle() {
  const [theme, setTheme] = useState(shownTheme);
  useEffect(() => onSystemTheme(() => setTheme(shownTheme())), []);
  const Icon = theme === 'dark' ? Sun : Moon;
  const label = theme === 'dark' ? 'Use the light theme' : 'Use the dark theme';
  return (
    <button
      type="button"
      className={`${buttonClass('plain')} btn-icon`}
      aria-label={label}
      title={label}
      onClick={() => setTheme(toggleTheme())}
    >
      <Icon size={18} aria-hidden="true" />
    </button>
  );
}
