import type { BLOCK } from '../barcode.ts';

/** What runs in the pages of the room before their own scripts. Nothing here may lean on the module. */

/** Milliseconds after the click by which each step of joining was done; see `JOIN_STEPS`. */
export type JoinMarks = Partial<Record<JoinStep, number>>;

/** In the order in which they come. */
export const JOIN_STEPS = {
  clicked: 'the click',
  joined: 'the API has answered',
  socket: 'the socket is open',
  welcome: 'the room says how things stand',
  offered: 'the first offer to receive a picture goes out',
  answered: 'its answer is here',
  connected: 'ICE and DTLS of it are done',
  packet: 'the first packet of a picture',
  picture: 'the first picture is on the page',
} as const;
export type JoinStep = keyof typeof JOIN_STEPS;

export interface PageState extends Window {
  barcodeOf: (ms: number) => number[];
  /** Epoch milliseconds of the bursts that were made. */
  bursts: number[];
  marks: JoinMarks;
}

export interface DeviceOptions {
  mouth: string;
  block: typeof BLOCK;
  /** Width of the picture that the blocks are measured in. */
  width: number;
}

/** Camera and microphone are a drawn picture with a clock in it, and the voice of `MOUTH`. */
export function bringDevices({ mouth, block, width }: DeviceOptions): void {
  const state = window as unknown as PageState;
  state.bursts = [];
  const { mediaDevices } = navigator as { mediaDevices: MediaDevices | undefined };
  if (mediaDevices === undefined) return;

  const camera = (wanted: MediaTrackConstraints): MediaStreamTrack => {
    const ideal = (value: ConstrainULong | undefined, usual: number): number =>
      typeof value === 'number' ? value : (value?.ideal ?? usual);
    const size = { width: ideal(wanted.width, 640), height: ideal(wanted.height, 360) };
    const frameRate = ideal(wanted.frameRate as ConstrainULong | undefined, 30);
    const canvas = Object.assign(document.createElement('canvas'), size);
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    const scale = size.width / width;
    let frame = 0;
    const draw = () => {
      frame++;
      for (let i = 0; i < 8; i++) {
        context.fillStyle = `hsl(${(frame * 2 + i * 45) % 360} 60% 45%)`;
        const x = (((i * 107 + frame * 4) * scale) % size.width) - 30;
        context.fillRect(x, size.height * (0.2 + i * 0.1), 60, size.height * 0.1);
      }
      const luma = state.barcodeOf(performance.timeOrigin + performance.now());
      for (const [i, level] of luma.entries()) {
        context.fillStyle = level > 127 ? '#fff' : '#000';
        const x = i * block.width * scale;
        context.fillRect(x, 0, block.width * scale, block.height * scale);
      }
    };
    const timer = setInterval(draw, 1000 / frameRate);
    const [track] = canvas.captureStream(frameRate).getVideoTracks() as [MediaStreamTrack];
    // As a camera's: the page chooses the sizes that it sends by it.
    track.getSettings = () => ({ ...size, frameRate });
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
    };
    return track;
  };

  const microphone = async (): Promise<MediaStreamTrack> => {
    const context = new AudioContext({ sampleRate: 48_000 });
    const url = URL.createObjectURL(new Blob([mouth], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    const voice = new AudioWorkletNode(context, 'mouth', {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    voice.port.onmessage = ({ data }) => state.bursts.push(data);
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    voice.connect(out);
    await context.resume();
    return out.stream.getAudioTracks()[0] as MediaStreamTrack;
  };

  mediaDevices.getUserMedia = async (wanted = {}) => {
    const { video, audio } = wanted;
    const stream = new MediaStream();
    if (video) stream.addTrack(camera(video === true ? {} : video));
    if (audio) stream.addTrack(await microphone());
    return stream;
  };
}

/** Notes when each step of joining was done. `port`: where the call server is reached instead of at its own UDP port. */
export function watchJoining({ port }: { port: number | undefined }): void {
  const state = window as unknown as PageState;
  const marks: JoinMarks = {};
  state.marks = marks;
  let clickedMs: number | undefined;
  const mark = (step: JoinStep, atMs = performance.now()) => {
    if (clickedMs !== undefined) marks[step] ??= atMs - clickedMs;
  };
  addEventListener(
    'click',
    ({ target, timeStamp }) => {
      const button = target instanceof Element ? target.closest('button') : null;
      if (!/^(Join|Ask to join)$/.test(button?.textContent ?? '')) return;
      clickedMs ??= timeStamp;
      mark('clicked', timeStamp);
    },
    { capture: true },
  );

  const ask = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const response = await ask(input, init);
    if (/\/join$/.test(new URL(response.url, location.href).pathname)) mark('joined');
    return response;
  };

  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('open', () => mark('socket'));
      this.addEventListener('message', ({ data }) => {
        const message = JSON.parse(String(data));
        if (message.type === 'welcome') mark('welcome');
        if (message.type === 'answer' && message.purpose === 'receive') {
          const media = (message.sections ?? []).map((one: { media: string }) => one.media);
          if (media.includes('camera')) mark('answered');
        }
      });
    }

    override send(data: string): void {
      const { type, purpose, sdp } = JSON.parse(data);
      if (type === 'offer' && purpose === 'receive' && /^m=video/m.test(sdp)) mark('offered');
      super.send(data);
    }
  };

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      this.addEventListener('track', ({ track }) => {
        if (track.kind === 'video') track.addEventListener('unmute', () => mark('packet'));
      });
      this.addEventListener('connectionstatechange', () => {
        const receives = this.getTransceivers().some((one) => one.direction === 'recvonly');
        if (receives && this.connectionState === 'connected') mark('connected');
      });
    }

    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      if (port === undefined) return super.setRemoteDescription(description);
      const lines = (description.sdp ?? '').split('\r\n').flatMap((line) => {
        if (!line.startsWith('a=candidate:')) return [line];
        if (!/ udp /i.test(line) || !/ typ host/.test(line)) return [];
        return [line.replace(/^(\S+ \d+ \S+ \d+) \S+ \d+/, `$1 127.0.0.1 ${port}`)];
      });
      return super.setRemoteDescription({ type: description.type, sdp: lines.join('\r\n') });
    }
  };

  const seen = new WeakSet<HTMLVideoElement>();
  new MutationObserver(() => {
    for (const video of document.querySelectorAll<HTMLVideoElement>('.tile video')) {
      if (seen.has(video) || video.getAttribute('aria-label') === 'Camera of you') continue;
      seen.add(video);
      video.requestVideoFrameCallback((_now, frame) => mark('picture', frame.expectedDisplayTime));
    }
  }).observe(document, { childList: true, subtree: true });
}
