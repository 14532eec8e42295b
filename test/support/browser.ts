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
    firefoxUserPrefs: {
      'media.autoplay.default': 0,
      // Firefox leaves loopback out of ICE otherwise, and all addresses but one
      // before a page may use camera and microphone.
      'media.peerconnection.ice.loopback': true,
      'permissions.default.camera': 1,
      'permissions.default.microphone': 1,
    },
  });
}
