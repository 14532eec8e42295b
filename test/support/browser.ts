import { type Browser, chromium, firefox, type Page } from 'playwright-core';

/** Real browsers of this machine. */
export type BrowserName = 'chromium' | 'firefox';

const CHROMIUM = '/usr/bin/chromium';
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

/** Cameras and microphones that are not there: a moving test picture and beeps. */
const FAKE_DEVICES = {
  chromium: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=fps=30'],
  firefox: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true },
};

export function launchBrowser(
  name: BrowserName,
  options: {
    fakeDevices?: boolean;
    /** Chromium only: an origin whose pages may use camera and microphone though they come by plain HTTP. */
    trusted?: string;
    /** What to run in the place of the browser's own program. */
    executable?: (path: string) => string;
  } = {},
): Promise<Browser> {
  const fake = options.fakeDevices === true;
  if (name === 'chromium') {
    const { trusted } = options;
    const args = [
      ...CHROMIUM_FLAGS,
      ...(fake ? FAKE_DEVICES.chromium : []),
      ...(trusted === undefined ? [] : [`--unsafely-treat-insecure-origin-as-secure=${trusted}`]),
    ];
    const executablePath = options.executable?.(CHROMIUM) ?? CHROMIUM;
    return chromium.launch({ executablePath, args });
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
      ...(fake ? FAKE_DEVICES.firefox : {}),
    },
  });
}

/** A page in a context of its own, at that address. */
export async function openPage(
  browser: Browser,
  url: string,
  viewport = { width: 700, height: 500 },
): Promise<Page> {
  const page = await (await browser.newContext({ viewport })).newPage();
  await page.goto(url);
  return page;
}
