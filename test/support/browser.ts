import { type Browser, chromium, firefox } from 'playwright-core';

/** Real browsers of this machine. */
export type BrowserName = 'chromium' | 'firefox';

const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export function launchBrowser(name: BrowserName): Promise<Browser> {
  if (name === 'chromium') {
    return chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_FLAGS });
  }
  return firefox.launch({
    channel: 'moz-firefox',
    executablePath: '/usr/bin/firefox-esr',
    firefoxUserPrefs: { 'media.autoplay.default': 0 },
  });
}
