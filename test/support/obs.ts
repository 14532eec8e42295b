import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A real OBS Studio on a screen of its own (Xvfb), drawing in software, that
 * streams a moving picture with sound. Needs the packages `obs-studio` and
 * `xvfb`.
 */
export class ObsStudio {
  readonly #home: string;
  readonly #screen: ChildProcess;
  readonly #obs: ChildProcess;
  readonly #display: string;

  private constructor(home: string, screen: ChildProcess, obs: ChildProcess, display: string) {
    this.#home = home;
    this.#screen = screen;
    this.#obs = obs;
    this.#display = display;
  }

  /** Starts streaming 16:9 pictures of `height` lines, 30 a second, to `rtmp://HOST/live` with this key. */
  static async start(server: string, key: string, height = 720): Promise<ObsStudio> {
    const home = mkdtempSync(join(tmpdir(), 'amphi-obs-'));
    writeSettings(home, { server, key, height });
    const { screen, display } = await openScreen();
    const obs = spawn(
      'obs',
      [
        ...['--startstreaming', '--profile', 'Amphi', '--collection', 'Amphi', '--multi'],
        ...['--disable-shutdown-check', '--disable-missing-files-check'],
      ],
      {
        stdio: 'ignore',
        env: {
          ...process.env,
          HOME: home,
          XDG_RUNTIME_DIR: join(home, 'run'),
          DISPLAY: display,
          LIBGL_ALWAYS_SOFTWARE: '1',
        },
      },
    );
    return new ObsStudio(home, screen, obs, display);
  }

  get running(): boolean {
    return this.#obs.exitCode === null && this.#obs.signalCode === null;
  }

  /** What is on OBS's screen, as a PNG file. */
  screenshot(path: string): void {
    execFileSync('import', ['-window', 'root', '-display', this.#display, path]);
  }

  async stop(): Promise<void> {
    for (const child of [this.#obs, this.#screen]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await gone;
      clearTimeout(force);
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** A screen on a display number that nobody has. */
function openScreen(): Promise<{ screen: ChildProcess; display: string }> {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x900x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    screen.once('error', reject);
    screen.once('exit', () => reject(new Error('Xvfb ended')));
    screen.stdio[3]?.once('data', (number) =>
      resolve({ screen, display: `:${String(number).trim()}` }),
    );
  });
}

const profileOf = (height: number) => `[General]
Name=Amphi
[Output]
Mode=Simple
[SimpleOutput]
VBitrate=2500
ABitrate=128
StreamEncoder=x264
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=60 bframes=0
[Video]
BaseCX=${widthOf(height)}
BaseCY=${height}
OutputCX=${widthOf(height)}
OutputCY=${height}
FPSType=0
FPSCommon=30
[Audio]
SampleRate=48000
`;
const CLIP_HEIGHT = 360;
const GLOBAL = `[General]
FirstRun=true
EnableAutoUpdates=false
LastVersion=486539266
[Basic]
Profile=Amphi
ProfileDir=Amphi
SceneCollection=Amphi
SceneCollectionFile=Amphi
[BasicWindow]
SysTrayEnabled=false
PreviewEnabled=false
`;

/** Of a picture of 16:9, an even number. */
const widthOf = (height: number) => Math.round((height * 8) / 9) * 2;

function writeSettings(
  home: string,
  { server, key, height }: { server: string; key: string; height: number },
): void {
  const basic = join(home, '.config', 'obs-studio', 'basic');
  mkdirSync(join(basic, 'profiles', 'Amphi'), { recursive: true });
  mkdirSync(join(basic, 'scenes'), { recursive: true });
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  const clip = join(home, 'clip.mp4');
  execFileSync('ffmpeg', [
    ...[
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      `testsrc2=size=${widthOf(CLIP_HEIGHT)}x${CLIP_HEIGHT}:rate=30`,
    ],
    ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000', '-t', '60'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', clip],
  ]);
  writeFileSync(join(home, '.config', 'obs-studio', 'global.ini'), GLOBAL);
  writeFileSync(join(basic, 'profiles', 'Amphi', 'basic.ini'), profileOf(height));
  const service = { type: 'rtmp_custom', settings: { server, key, use_auth: false } };
  writeFileSync(join(basic, 'profiles', 'Amphi', 'service.json'), JSON.stringify(service));
  writeFileSync(join(basic, 'scenes', 'Amphi.json'), JSON.stringify(sceneOf(clip, height)));
}

/** One scene with a clip that is played over and over, drawn as large as the canvas. */
const sceneOf = (clip: string, height: number) => ({
  name: 'Amphi',
  current_scene: 'Stage',
  current_program_scene: 'Stage',
  scene_order: [{ name: 'Stage' }],
  sources: [
    {
      id: 'ffmpeg_source',
      versioned_id: 'ffmpeg_source',
      name: 'Clip',
      enabled: true,
      volume: 1,
      mixers: 255,
      settings: { local_file: clip, looping: true, is_local_file: true, hw_decode: false },
    },
    {
      id: 'scene',
      versioned_id: 'scene',
      name: 'Stage',
      enabled: true,
      settings: {
        id_counter: 1,
        items: [
          {
            id: 1,
            name: 'Clip',
            visible: true,
            align: 5,
            pos: { x: 0, y: 0 },
            scale: { x: height / CLIP_HEIGHT, y: height / CLIP_HEIGHT },
            bounds_type: 0,
          },
        ],
      },
    },
  ],
});
