import {
  AmphiError,
  type Clock,
  Emitter,
  type Logger,
  type Micros,
  messageOf,
  micros,
  randomId,
} from '#base';
import { type FrameRate, framesPerSecond, type SourcePicture, standardFrameRate } from '#config';
import type { EventSpec, MediaConfig, MediaUnit, VideoUnit } from '#contracts';
import { AAC_FRAME_SAMPLES, parseAacConfig, parseAvcConfig } from '#protocol';
import { Source } from '../source/source.ts';
import { ProgramFeed } from './feed.ts';
import { type Silence, SlatePlayer, silenceLike, silentUnits } from './filler.ts';
import type { SlateMaker } from './slate.ts';
import { type EndReason, next, type ProgramInput, type ProgramState } from './state.ts';

/** One life of the timeline: it begins with the first picture and ends for good. */
export interface Run {
  runId: string;
  startedAtMs: number;
  picture: SourcePicture & { fps: number };
  fps: FrameRate;
  feed: ProgramFeed;
  /** The source sends what a rung may pass through unchanged: no B-frames. */
  copyable: boolean;
}

export interface ProgramOptions {
  slateAfterUs: number;
  interruptUs: number;
}

type ProgramEvents = {
  started: [run: Run];
  ended: [run: Run, reason: EndReason];
  /** Something that viewers or the studio see has changed. */
  changed: [];
};

/** A dropped connection is known at once and waited out only this long. */
const LOST_GRACE_US = 500_000;
/** Sound that comes this much later than the picture is taken for missing. */
const AUDIO_PATIENCE_US = 700_000;
/** Without any picture for this long after its sound, a source is audio only. */
const VIDEO_PATIENCE_US = 2_000_000;
const TICK_MS = 15;
const MEASURE_FRAMES = 9;
const MAX_STARTING_UNITS = 4_000;
const AUDIO_ONLY_PICTURE = { width: 1280, height: 720, fps: 15 };

/**
 * The program of an event: chooses which of its sources is on air and makes of
 * them one continuous timeline, with slate and silence where there is nothing.
 */
export class Program extends Emitter<ProgramEvents> {
  #spec: EventSpec;
  readonly #options: ProgramOptions;
  readonly #clock: Clock;
  readonly #slates: SlateMaker;
  readonly #log: Logger;
  readonly #sources = new Map<string, Source>();
  #state: ProgramState = { name: 'idle' };
  #run: Run | undefined;
  readonly #ticker: NodeJS.Timeout;
  /** Units of the starting source since its first key frame. */
  #opening: MediaUnit[] = [];
  /** A source that goes on air at its next key frame. */
  #wanted: string | undefined;
  #slate: SlatePlayer | undefined;
  #slateLoading = false;
  #lastVideoUs = 0;
  #audioEndUs = 0;
  #lastUnitUs: Record<'video' | 'audio', number> = { video: 0, audio: 0 };
  #sent: { video: Uint8Array | undefined; audio: Uint8Array | undefined } = {
    video: undefined,
    audio: undefined,
  };
  #audioUs = 0;
  #silence: Silence = silenceLike(undefined);

  constructor(options: {
    spec: EventSpec;
    timing: ProgramOptions;
    clock: Clock;
    slates: SlateMaker;
    log: Logger;
  }) {
    super();
    this.#spec = options.spec;
    this.#options = options.timing;
    this.#clock = options.clock;
    this.#slates = options.slates;
    this.#log = options.log.child({ eventId: options.spec.eventId });
    for (const sourceId of options.spec.sourceIds) this.source(sourceId);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  get spec(): EventSpec {
    return this.#spec;
  }

  get state(): ProgramState {
    return this.#state;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  get sources(): Iterable<Source> {
    return this.#sources.values();
  }

  update(spec: EventSpec): void {
    this.#spec = spec;
    for (const sourceId of spec.sourceIds) this.source(sourceId);
    for (const [sourceId, source] of this.#sources) {
      if (spec.sourceIds.includes(sourceId)) continue;
      source.drop('the source was removed');
      this.#sources.delete(sourceId);
    }
    this.emit('changed');
  }

  /** The source with this id; made when the event has gained one. */
  source(sourceId: string): Source {
    const known = this.#sources.get(sourceId);
    if (known !== undefined) return known;
    const source = new Source(sourceId, this.#clock);
    this.#sources.set(sourceId, source);
    source.on('unit', (unit) => this.#receive(source, unit));
    source.on('detached', (reason) => {
      this.#log.info({ sourceId, reason }, 'source disconnected');
      this.emit('changed');
    });
    return source;
  }

  /** Puts a source on air at its next key frame. Throws `source_not_found` or `conflict`. */
  take(sourceId: string): void {
    const source = this.#sources.get(sourceId);
    if (source === undefined) throw new AmphiError('source_not_found', `no source ${sourceId}`);
    if (!source.connected) {
      throw new AmphiError('conflict', `source ${sourceId} is not connected; start it first`);
    }
    this.#wanted = sourceId;
  }

  /** Takes up a run that another process held before it died; the slate shows until a source comes. */
  resume(run: { runId: string; startedAtMs: number; picture: Run['picture'] }): void {
    const nowUs = this.#clock.nowUs();
    const begun = this.#begin(run, nowUs, false);
    const awaited = this.#spec.sourceIds[0] ?? '';
    this.#state = { name: 'interrupted', sinceUs: nowUs, awaited };
    this.#showSlate(nowUs);
    this.emit('started', begun);
  }

  end(reason: EndReason): void {
    this.#move({ type: 'end', reason });
    for (const source of this.#sources.values()) source.drop('the event ended');
  }

  close(reason: EndReason = 'shutdown'): void {
    clearInterval(this.#ticker);
    this.end(reason);
    this.removeAll();
  }

  #move(input: ProgramInput): void {
    const before = this.#state;
    const after = next(before, input);
    if (after === before) return;
    this.#state = after;
    if (after.name === 'ended' && this.#run !== undefined) {
      const run = this.#run;
      this.#run = undefined;
      this.#slate = undefined;
      run.feed.end();
      this.#log.info({ runId: run.runId, reason: after.reason }, 'program ended');
      this.emit('ended', run, after.reason);
    }
    if (after.name !== before.name) {
      this.#log.info({ from: before.name, to: after.name }, 'program changed');
    }
    this.emit('changed');
  }

  #receive(source: Source, unit: MediaUnit): void {
    const nowUs = this.#clock.nowUs();
    const { sourceId } = source;
    this.#move({ type: 'media', sourceId, atUs: nowUs });
    const state = this.#state;
    switch (state.name) {
      case 'starting':
        if (state.sourceId === sourceId) this.#open(source, unit);
        return;
      case 'on-air':
        if (sourceId !== state.sourceId) {
          if (sourceId === this.#wanted) this.#considerCut(source, unit);
          return;
        }
        this.#lastUnitUs[unit.track] = nowUs;
        this.#pass(source, unit);
        return;
      case 'interrupted':
        this.#considerCut(source, unit);
        return;
      default:
        return;
    }
  }

  /** Collects the first units until the picture and its rate are known. */
  #open(source: Source, unit: MediaUnit): void {
    if (this.#opening.length >= MAX_STARTING_UNITS) this.#opening = [];
    this.#opening.push(unit);
    const firstKey = this.#opening.findIndex((u) => u.track === 'video' && u.key);
    if (firstKey < 0) return;
    const video = this.#opening.filter((u): u is VideoUnit => u.track === 'video');
    const fps = source.declaredFps ?? measureFps(video);
    if (fps === undefined || source.videoConfig === undefined) return;
    const { sps } = parseAvcConfig(source.videoConfig.bytes);
    const fpsFraction = standardFrameRate(fps);
    const picture = { width: sps.width, height: sps.height, fps: framesPerSecond(fpsFraction) };
    const opening = this.#opening;
    this.#opening = [];
    const startUs = opening[firstKey]?.dts ?? this.#clock.nowUs();
    this.#start(
      source,
      picture,
      startUs,
      video.every((u) => u.pts === u.dts),
    );
    for (const held of opening.slice(firstKey)) this.#receive(source, held);
  }

  /** A source with sound only goes on air with a still picture. */
  #openAudioOnly(source: Source): void {
    const opening = this.#opening;
    const first = opening[0];
    if (first === undefined) return;
    this.#opening = [];
    this.#start(source, AUDIO_ONLY_PICTURE, first.dts, false);
    this.#showSlate(first.dts);
    for (const held of opening) this.#receive(source, held);
  }

  #start(source: Source, picture: Run['picture'], startUs: Micros, copyable: boolean): void {
    const run = this.#begin(
      { runId: randomId(16), startedAtMs: Date.now(), picture },
      startUs,
      copyable,
    );
    this.#move({ type: 'picture-known' });
    const nowUs = this.#clock.nowUs();
    this.#lastUnitUs = { video: nowUs, audio: nowUs };
    this.#log.info({ runId: run.runId, sourceId: source.sourceId, ...picture }, 'program started');
    this.emit('started', run);
  }

  #begin(
    about: { runId: string; startedAtMs: number; picture: Run['picture'] },
    startUs: Micros,
    copyable: boolean,
  ): Run {
    const feed = new ProgramFeed(startUs);
    const run: Run = { ...about, fps: standardFrameRate(about.picture.fps), feed, copyable };
    this.#run = run;
    this.#sent = { video: undefined, audio: undefined };
    this.#lastVideoUs = startUs - 1;
    this.#audioEndUs = startUs;
    this.#slate = undefined;
    // Drawn ahead of need.
    this.#slates
      .clip(this.#slateSpec(run))
      .catch((error) => this.#log.warn({ reason: messageOf(error) }, 'no slate'));
    return run;
  }

  #considerCut(source: Source, unit: MediaUnit): void {
    if (unit.track !== 'video' || !unit.key || unit.dts <= this.#lastVideoUs) return;
    const { sourceId } = source;
    if (this.#wanted !== undefined && this.#wanted !== sourceId && this.#isConnected(this.#wanted))
      return;
    this.#wanted = undefined;
    this.#slate = undefined;
    this.#move({ type: 'cut', sourceId });
    const nowUs = this.#clock.nowUs();
    this.#lastUnitUs = { video: nowUs, audio: nowUs };
    this.#log.info({ sourceId }, 'source on air');
    this.#pass(source, unit);
  }

  #isConnected(sourceId: string): boolean {
    return this.#sources.get(sourceId)?.connected === true;
  }

  #pass(source: Source, unit: MediaUnit): void {
    if (unit.track === 'video') {
      if (this.#slate !== undefined) {
        // Picture after all: it replaces the still one at its first key frame.
        if (!unit.key || unit.dts <= this.#lastVideoUs) return;
        this.#slate = undefined;
      }
      if (source.videoConfig !== undefined) this.#video(source.videoConfig, unit);
    } else if (source.audioConfig !== undefined) {
      this.#audio(source.audioConfig, unit);
    }
  }

  #video(config: MediaConfig, unit: VideoUnit): void {
    const run = this.#run;
    if (run === undefined || unit.dts <= this.#lastVideoUs) return;
    if (this.#sent.video !== config.bytes) {
      if (!unit.key) return;
      this.#sent.video = config.bytes;
      run.feed.config(config, unit.dts);
    }
    this.#lastVideoUs = unit.dts;
    run.feed.unit(unit);
    this.#fillSilence(unit.dts);
  }

  #audio(config: MediaConfig, unit: MediaUnit & { track: 'audio' }): void {
    const run = this.#run;
    if (run === undefined) return;
    // Up to half a frame of overlap is rounding of the encoder's milliseconds.
    if (unit.pts < this.#audioEndUs - this.#silence.frameUs / 2) return;
    if (this.#sent.audio !== config.bytes) {
      this.#sent.audio = config.bytes;
      this.#audioUs = (AAC_FRAME_SAMPLES * 1_000_000) / parseAacConfig(config.bytes).sampleRate;
      this.#silence = silenceLike(config);
      run.feed.config(config, unit.pts);
    }
    this.#audioEndUs = unit.pts + this.#audioUs;
    run.feed.unit(unit);
  }

  /** Where a source has no sound, or has lost it, silence goes with its picture. */
  #fillSilence(untilUs: number): void {
    const run = this.#run;
    if (run === undefined) return;
    const expectsSound =
      this.#state.name === 'on-air' &&
      this.#sources.get(this.#state.sourceId)?.audioConfig !== undefined;
    if (expectsSound && untilUs - this.#audioEndUs < AUDIO_PATIENCE_US) return;
    const { config, frameUs } = this.#silence;
    for (const unit of silentUnits(this.#silence, this.#audioEndUs, untilUs)) {
      if (this.#sent.audio !== config.bytes) {
        this.#sent.audio = config.bytes;
        run.feed.config(config, unit.pts);
      }
      run.feed.unit(unit);
      this.#audioEndUs = unit.pts + frameUs;
    }
  }

  #tick(): void {
    const nowUs = this.#clock.nowUs();
    const state = this.#state;
    if (state.name === 'starting') this.#tickStarting(state, nowUs);
    if (state.name === 'on-air') this.#tickOnAir(state.sourceId, nowUs);
    if (state.name === 'interrupted' && nowUs - state.sinceUs > this.#options.interruptUs) {
      this.#move({ type: 'give-up' });
    }
    if (this.#slate !== undefined) {
      for (const unit of this.#slate.due(nowUs)) this.#video(this.#slate.clip.config, unit);
    }
  }

  #tickStarting(state: ProgramState & { name: 'starting' }, nowUs: Micros): void {
    const source = this.#sources.get(state.sourceId);
    if (source === undefined || !source.connected) {
      this.#opening = [];
      this.#move({ type: 'lost', sourceId: state.sourceId, atUs: nowUs });
    } else if (nowUs - state.sinceUs > VIDEO_PATIENCE_US && source.videoConfig === undefined) {
      this.#openAudioOnly(source);
    }
  }

  #tickOnAir(sourceId: string, nowUs: Micros): void {
    const videoAge = nowUs - this.#lastUnitUs.video;
    const newest = Math.max(this.#lastUnitUs.video, this.#lastUnitUs.audio);
    const patience = this.#isConnected(sourceId)
      ? this.#options.slateAfterUs
      : Math.min(LOST_GRACE_US, this.#options.slateAfterUs);
    if (nowUs - newest > patience) {
      this.#move({ type: 'lost', sourceId, atUs: micros(newest) });
      this.#showSlate(nowUs);
      const fallback = this.#spec.sourceIds.find((id) => id !== sourceId && this.#isConnected(id));
      if (fallback !== undefined) this.#wanted = fallback;
    } else if (videoAge > this.#options.slateAfterUs && this.#slate === undefined) {
      this.#showSlate(nowUs);
    }
  }

  #slateSpec(run: Run) {
    const { width, height } = run.picture;
    const even = (n: number) => n + (n % 2);
    const kind = this.#state.name === 'on-air' ? ('audio-only' as const) : ('interrupted' as const);
    return {
      kind,
      title: this.#spec.title,
      width: even(width),
      height: even(height),
      fps: run.fps,
    };
  }

  #showSlate(fromUs: number): void {
    const run = this.#run;
    if (run === undefined || this.#slateLoading) return;
    this.#slateLoading = true;
    const startUs = Math.max(fromUs, this.#lastVideoUs + (1_000_000 * run.fps.den) / run.fps.num);
    this.#slates
      .clip(this.#slateSpec(run))
      .then((clip) => {
        const needed =
          this.#run === run && (this.#state.name === 'interrupted' || this.#lastVideoUs < startUs);
        if (needed) this.#slate = new SlatePlayer(clip, micros(Math.round(startUs)));
      })
      .catch((error) => this.#log.error({ reason: messageOf(error) }, 'the slate cannot be shown'))
      .finally(() => {
        this.#slateLoading = false;
      });
  }
}

/** Frames a second from the decoding times of the first frames; undefined while there are too few. */
function measureFps(video: readonly VideoUnit[]): number | undefined {
  if (video.length < MEASURE_FRAMES) return undefined;
  const first = video[0];
  const last = video.at(-1);
  if (first === undefined || last === undefined || last.dts <= first.dts) return undefined;
  return ((video.length - 1) * 1_000_000) / (last.dts - first.dts);
}
