import type { Browser, Page } from 'playwright-core';
import { openPage, until } from '#support';
import { pictureMoves } from './moving-picture.ts';

/** What the page keeps of its connection. */
interface Connected extends Window {
  peer: RTCPeerConnection;
  resource: string;
  configuration: RTCConfiguration | undefined;
  /** Longest time between two pictures since it was last taken, in milliseconds. */
  longestGapMs: number;
}

/** WebRTC Extensions 5.2, in Chromium alone so far. */
interface Extensible extends RTCRtpTransceiver {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: RTCRtpTransceiverDirection }[];
  setHeaderExtensionsToNegotiate?(
    extensions: { uri: string; direction: RTCRtpTransceiverDirection }[],
  ): void;
}

/** A candidate pair, as the browser tells of it. */
export interface Way {
  /** To the server, or to the relay. */
  protocol: 'udp' | 'tcp';
  /** Our own candidate. */
  kind: 'host' | 'srflx' | 'prflx' | 'relay';
  /** From us to the relay. */
  relayProtocol?: 'udp' | 'tcp' | 'tls';
  remoteAddress: string;
  remotePort: number;
}

export interface SimulcastLayer {
  rid: string;
  scaleResolutionDownBy: number;
  maxBitrate: number;
}

/** One stream with layers in itself, as WebRTC-SVC names them: `L3T3_KEY`. */
export interface ScalableStream {
  scalabilityMode: string;
  maxBitrate: number;
}

/** A page that publishes by WHIP or plays by WHEP, with nothing but what browsers have. */
export class WebRtcPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, base: string): Promise<WebRtcPage> {
    return new WebRtcPage(await openPage(browser, base));
  }

  /** What its next connection knows of the network. */
  configure(configuration: RTCConfiguration): Promise<void> {
    return this.page.evaluate((configuration) => {
      Object.assign(window, { configuration });
    }, configuration);
  }

  /** A drawn camera and a tone, published in one codec. */
  publish(codec: string, layers: readonly (SimulcastLayer | ScalableStream)[]): Promise<void> {
    return this.page.evaluate(
      async ({ codec, layers }) => {
        const canvas = document.createElement('canvas');
        // Chromium makes three streams of pictures from this size on.
        [canvas.width, canvas.height] = [960, 540];
        document.body.append(canvas);
        const picture = canvas.getContext('2d') as CanvasRenderingContext2D;
        let frame = 0;
        setInterval(() => {
          frame++;
          for (let i = 0; i < 16; i++) {
            picture.fillStyle = `hsl(${(frame * 3 + i * 40) % 360} 80% ${30 + ((frame + i) % 40)}%)`;
            picture.fillRect((i % 4) * 240, Math.floor(i / 4) * 135, 240, 135);
          }
        }, 33);
        const audio = new AudioContext();
        const tone = new OscillatorNode(audio, { frequency: 440 });
        const sound = audio.createMediaStreamDestination();
        tone.connect(sound);
        tone.start();
        const camera = canvas.captureStream(30);
        const peer = new RTCPeerConnection((window as unknown as Connected).configuration);
        const stream = new MediaStream([...camera.getVideoTracks(), ...sound.stream.getTracks()]);
        for (const track of stream.getTracks()) {
          const video = track.kind === 'video';
          const transceiver = peer.addTransceiver(track, {
            direction: 'sendonly',
            streams: [stream],
            ...(video && layers.length > 0 ? { sendEncodings: [...layers] } : {}),
          });
          if (!video) continue;
          const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
          const wanted = all.filter(
            ({ mimeType }) => mimeType === `video/${codec}` || mimeType === 'video/rtx',
          );
          transceiver.setCodecPreferences?.(wanted);
        }
        await peer.setLocalDescription();
        const response = await fetch('/whip', {
          method: 'POST',
          headers: { 'content-type': 'application/sdp' },
          body: peer.localDescription?.sdp ?? '',
        });
        const text = await response.text();
        if (response.status !== 201) throw new Error(`${response.status} ${text}`);
        await peer.setRemoteDescription({ type: 'answer', sdp: text });
        const resource = response.headers.get('location') ?? '';
        Object.assign(window, { peer, resource });
      },
      { codec, layers },
    );
  }

  /** `port`: where the server is reached instead of at its own UDP port. */
  play(port?: number): Promise<void> {
    return this.page.evaluate(async (port) => {
      const peer = new RTCPeerConnection((window as unknown as Connected).configuration);
      const video = document.createElement('video');
      Object.assign(video, { autoplay: true, playsInline: true });
      document.body.append(video);
      const stream = new MediaStream();
      video.srcObject = stream;
      peer.ontrack = ({ track }) => stream.addTrack(track);
      const picture = peer.addTransceiver('video', { direction: 'recvonly' }) as Extensible;
      // Without it AV1 comes in one spatial layer.
      const extensions = picture.getHeaderExtensionsToNegotiate?.() ?? [];
      for (const extension of extensions) {
        if (extension.uri.endsWith('#dependency-descriptor-rtp-header-extension')) {
          extension.direction = 'recvonly';
        }
      }
      picture.setHeaderExtensionsToNegotiate?.(extensions);
      peer.addTransceiver('audio', { direction: 'recvonly' });
      await peer.setLocalDescription();
      const response = await fetch('/whep', {
        method: 'POST',
        headers: { 'content-type': 'application/sdp' },
        body: peer.localDescription?.sdp ?? '',
      });
      const text = await response.text();
      if (response.status !== 201) throw new Error(`${response.status} ${text}`);
      const sdp =
        port === undefined ? text : text.replace(/(a=candidate:.* )\d+( typ host)/g, `$1${port}$2`);
      await peer.setRemoteDescription({ type: 'answer', sdp });
      const resource = response.headers.get('location') ?? '';
      Object.assign(window, { peer, resource, longestGapMs: 0 });
      let last = Number.POSITIVE_INFINITY;
      const onFrame = (now: number) => {
        const state = window as unknown as Connected;
        state.longestGapMs = Math.max(state.longestGapMs, now - last);
        last = now;
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    }, port);
  }

  /** The longest that the picture has stood still since this was last asked, in milliseconds. */
  takeLongestGapMs(): Promise<number> {
    return this.page.evaluate(() => {
      const state = window as unknown as Connected;
      const gap = state.longestGapMs;
      state.longestGapMs = 0;
      return gap;
    });
  }

  /** Waits for a picture of this height. */
  height(expected: number, timeoutMs = 20_000): Promise<number> {
    return until(
      `a picture ${expected} high`,
      async () => {
        const height = await this.page.evaluate(
          () => document.querySelector('video')?.videoHeight ?? 0,
        );
        return height === expected ? height : undefined;
      },
      timeoutMs,
    );
  }

  /** Waits until this many more frames have been decoded. */
  async frames(count: number, timeoutMs = 20_000): Promise<void> {
    const before = await this.#decoded();
    await until(
      `${count} frames`,
      async () => (await this.#decoded()) >= before + count,
      timeoutMs,
      100,
    );
  }

  async #decoded(): Promise<number> {
    return (await this.inbound('video'))?.framesDecoded ?? 0;
  }

  /** What the browser says of a stream that it receives. */
  inbound(kind: 'audio' | 'video'): Promise<RTCInboundRtpStreamStats | undefined> {
    return this.page.evaluate(async (kind) => {
      const { peer } = window as unknown as Connected;
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type === 'inbound-rtp' && entry.kind === kind) return entry;
      }
      return undefined;
    }, kind);
  }

  /** Waits until the decoded pixels have changed. */
  pictureMoves(timeoutMs = 15_000): Promise<void> {
    return pictureMoves(this.page, timeoutMs);
  }

  /**
   * Waits until sound louder than silence has been decoded. Read from the
   * connection: a machine without an audio device need not run an AudioContext.
   */
  sound(timeoutMs = 20_000): Promise<number> {
    return until(
      'sound',
      async () => {
        const audio = await this.inbound('audio');
        const energy = audio?.totalAudioEnergy ?? 0;
        return energy > 0.1 ? energy : undefined;
      },
      timeoutMs,
    );
  }

  /** The way that its packets take; undefined while there is none. */
  way(): Promise<Way | undefined> {
    return this.page.evaluate(async () => {
      const { peer } = window as unknown as Connected;
      const report = await peer.getStats();
      const all = [...report.values()];
      const transport = all.find(({ type }) => type === 'transport');
      const pair = report.get(transport?.selectedCandidatePairId ?? '');
      const local = report.get(pair?.localCandidateId ?? '');
      const remote = report.get(pair?.remoteCandidateId ?? '');
      if (local === undefined || remote === undefined) return undefined;
      const { protocol, candidateType: kind, relayProtocol } = local;
      const { address: remoteAddress, port: remotePort } = remote;
      return { protocol, kind, relayProtocol, remoteAddress, remotePort };
    });
  }

  /** How its connection stands, for whoever has waited in vain. */
  explain(): Promise<string> {
    return this.page.evaluate(async () => {
      const { peer } = window as unknown as Connected;
      const { signalingState, connectionState, iceConnectionState, iceGatheringState } = peer;
      const kinds = ['candidate-pair', 'local-candidate', 'remote-candidate', 'transport'];
      const stats = [...(await peer.getStats()).values()].filter(({ type }) =>
        kinds.includes(type),
      );
      const states = { signalingState, connectionState, iceConnectionState, iceGatheringState };
      return JSON.stringify({ ...states, stats });
    });
  }

  /** Restarts ICE in the same session (RFC 9725 4.3.3); resolves with the status of the answer. */
  restart(): Promise<number> {
    return this.page.evaluate(async () => {
      const { peer, resource } = window as unknown as Connected;
      const answer = peer.currentRemoteDescription?.sdp ?? '';
      peer.restartIce();
      await peer.setLocalDescription();
      const offer = peer.localDescription?.sdp ?? '';
      const own = /^a=(ice-ufrag|ice-pwd|fingerprint):.*$/gm;
      const response = await fetch(resource, {
        method: 'PATCH',
        headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
        body: [...new Set(offer.match(own))].join('\r\n'),
      });
      if (response.status !== 200) return response.status;
      const theirs = (await response.text()).match(/^a=(ice-|fingerprint|candidate).*$/gm) ?? [];
      const sdp = answer
        .replace(/^a=(ice-ufrag|ice-pwd|fingerprint|candidate).*\r\n/gm, '')
        .replace(/^a=mid:.*$/gm, (mid) => [mid, ...theirs].join('\r\n'));
      await peer.setRemoteDescription({ type: 'answer', sdp });
      return response.status;
    });
  }

  /** Ends the session by its resource, as WHIP and WHEP have it. */
  leave(): Promise<number> {
    return this.page.evaluate(async () => {
      const { peer, resource } = window as unknown as Connected;
      const { status } = await fetch(resource, { method: 'DELETE' });
      peer.close();
      return status;
    });
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
