import { HttpSession, type SessionTarget } from '../http-session/index.ts';
import { type PublishProblem, problemOfAnswer } from './problem.ts';

export interface WhipTarget extends SessionTarget {
  /** The stream key, or a token made for this source. */
  token: string;
}

export interface SendSettings {
  maxVideoBitsPerSecond: number;
  /** A screen keeps its sharpness, a camera its smoothness. */
  content: 'camera' | 'screen';
}

/** The endpoint refused, or could not be reached. */
export class WhipError extends Error {
  readonly problem: PublishProblem;

  constructor(problem: PublishProblem) {
    super(problem.text);
    this.name = 'WhipError';
    this.problem = problem;
  }
}

const MAX_AUDIO_BITS_PER_SECOND = 128_000;

/** One session of a WHIP client (RFC 9725). */
export class WhipSession extends HttpSession<Record<never, []>> {
  /** Sends these tracks. Rejects with `WhipError`; the signal gives up. */
  static async begin(
    target: WhipTarget,
    tracks: readonly MediaStreamTrack[],
    settings: SendSettings,
    signal: AbortSignal,
  ): Promise<WhipSession> {
    const session = new WhipSession(target);
    try {
      const stream = new MediaStream([...tracks]);
      // Both kinds always: a track that is added later needs no further offer.
      for (const kind of ['audio', 'video'] as const) {
        const track = tracks.find((one) => one.kind === kind);
        session.peer.addTransceiver(track ?? kind, { direction: 'sendonly', streams: [stream] });
      }
      await session.negotiate(signal);
      await session.set(settings);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Puts another track in the place of the one of its kind; `undefined` sends nothing of that kind. */
  async replace(kind: 'audio' | 'video', track: MediaStreamTrack | undefined): Promise<void> {
    const transceiver = this.peer
      .getTransceivers()
      .find(({ receiver }) => receiver.track.kind === kind);
    await transceiver?.sender.replaceTrack(track ?? null);
  }

  async set(settings: SendSettings): Promise<void> {
    for (const sender of this.peer.getSenders()) await limit(sender, settings);
  }

  protected override refusal(status: number, body: string): WhipError {
    return new WhipError(problemOfAnswer(status, detailOf(body)));
  }
}

async function limit(sender: RTCRtpSender, settings: SendSettings): Promise<void> {
  const kind = sender.track?.kind;
  const parameters = sender.getParameters();
  if (kind === undefined || parameters.encodings.length === 0) return;
  for (const encoding of parameters.encodings) {
    encoding.maxBitrate =
      kind === 'audio' ? MAX_AUDIO_BITS_PER_SECOND : settings.maxVideoBitsPerSecond;
  }
  if (kind === 'video') {
    const screen = settings.content === 'screen';
    parameters.degradationPreference = screen ? 'maintain-resolution' : 'balanced';
  }
  // What a browser does not let itself be told it decides by itself.
  await sender.setParameters(parameters).catch(() => {});
}

function detailOf(text: string): string | undefined {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title;
  } catch {
    return undefined;
  }
}
