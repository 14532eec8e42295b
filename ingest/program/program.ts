import { AmphiError, type Clock, Emitter, type Logger, type Micros, micros, randomId } from '#base';
import { type FrameRate, framesPerSecond, type SourcePicture, standardFrameRate } from '#config';
import type { EventSpec, MediaUnit, VideoUnit } from '#contracts';
import { parseAvcConfig } from '#protocol';
import { Source, type SourceCounters } from '../source/source.ts';
import { ProgramFeed } from './feed.ts';
import { Opening } from './opening.ts';
import { ProgramOutput } from './output.ts';
import type { SlateMaker, SlateSpec } from './slate.ts';
import { type SlateKind, slateSize } from './slate-picture.ts';
import { StandIn } from './stand-in.ts';
import { type EndReason, next, type ProgramInput, type ProgramState } from './state.ts';
import type { Ticker } from './ticker.ts';

/** One life of the timeline: it begins with the first picture and ends for good. */
export interface Run {
  runId: string;
  startedAtMs: number;
  picture: SourcePicture;
  fps: FrameRate;
  feed: ProgramFeed;
}

/** What is needed to take up a run that another process held. */
export type RunMemory = Pick<Run, 'runId' | 'startedAtMs' | 'picture'>;

export interface ProgramTiming {
  /** Without a picture for so long, the slate shows. */
  slateAfterUs: number;
  /** Without any source for so long, the run ends. */
  interruptUs: number;
}

/** What is counted of programs, all together. */
export interface ProgramCounters extends SourceCounters {
  /** Sources that came on air in a running program. */
  cuts: number;
  interruptions: number;
  /** Access units that readers of past runs lost. */
  skipped: number;
}

export interface ProgramOptions {
  spec: EventSpec;
  timing: ProgramTiming;
  clock: Clock;
  ticker: Ticker;
  slates: Pick<SlateMaker, 'clip'>;
  counters: ProgramCounters;
  log: Logger;
}

type ProgramEvents = {
  started: [run: Run];
  ended: [run: Run, reason: EndReason];
  /** Something that viewers or the studio see has changed. */
  changed: [];
};

/** A dropped connection is known at once and waited out only this long. */
const LOST_GRACE_US = 500_000;
/** Without any picture for this long after its sound, a source is audio only. */
const VIDEO_PATIENCE_US = 2_000_000;
/** Pictures are announced, yet no key frame comes: then the sound goes on air without them. */
const KEY_PATIENCE_US = 12_000_000;
const TICK_MS = 100;
/** While a slate shows, its frames are due at every tick. */
const SLATE_TICK_MS = 15;
const AUDIO_ONLY_PICTURE = { width: 1280, height: 720, fps: 30 };

/**
 * The program of an event: chooses which of its sources is on air and makes of
 * them one continuous timeline, with slate and silence where there is nothing.
 */
export class Program extends Emitter<ProgramEvents> {
  readonly #options: ProgramOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sources = new Map<string, Source>();
  readonly #opening = new Opening();
  readonly #standIn: StandIn;
  #spec: EventSpec;
  #state: ProgramState = { name: 'idle' };
  #onAir: { run: Run; output: ProgramOutput } | undefined;
  /** A source that goes on air as soon as it can. */
  #wanted: string | undefined;
  /** What is added to the times of the source on air, so that it follows what was on air before. */
  #shiftUs = 0;
  /** Arrival of the newest units of the source on air. */
  #heardUs = { video: 0, audio: 0 };
  #pace: { ms: number; stop: () => void } | undefined;
  #closed = false;

  constructor(options: ProgramOptions) {
    super();
    this.#options = options;
    this.#spec = options.spec;
    this.#clock = options.clock;
    this.#log = options.log.child({ eventId: options.spec.eventId });
    this.#standIn = new StandIn(options.slates, this.#log);
    for (const sourceId of options.spec.sourceIds) this.source(sourceId);
    this.#setPace(TICK_MS);
  }

  get spec(): EventSpec {
    return this.#spec;
  }

  get state(): ProgramState {
    return this.#state;
  }

  get run(): Run | undefined {
    return this.#onAir?.run;
  }

  get sources(): Iterable<Source> {
    return this.#sources.values();
  }

  /** Nothing is on air and nobody is about to change that. */
  get isUnused(): boolean {
    const { name } = this.#state;
    if (name !== 'idle' && name !== 'ended') return false;
    return ![...this.#sources.values()].some((source) => source.connected);
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
    const source = new Source(sourceId, this.#clock, this.#options.counters);
    this.#sources.set(sourceId, source);
    source.on('unit', (unit) => this.#receive(source, unit));
    source.on('detached', (reason) => {
      this.#log.info({ sourceId, reason }, 'source disconnected');
      if (this.#wanted === sourceId) this.#wanted = undefined;
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
    const state = this.#state;
    const isOnAir = state.name === 'on-air' && state.sourceId === sourceId;
    this.#wanted = isOnAir ? undefined : sourceId;
  }

  /** Takes up a run that another process held before it died; the slate shows until a source comes. */
  resume(memory: RunMemory): void {
    if (this.#state.name !== 'idle') return;
    const nowUs = this.#clock.nowUs();
    const run = this.#begin(memory, nowUs);
    this.#move({ type: 'resume', atUs: nowUs });
    this.#tick();
    this.emit('started', run);
  }

  /** Ends the run, for viewers too. */
  end(reason: EndReason): void {
    this.#move({ type: 'end', reason });
    for (const source of this.#sources.values()) source.drop('the event ended');
  }

  /** Lets go of the run without ending it: whoever takes it up elsewhere goes on with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pace?.stop();
    for (const source of this.#sources.values())
      source.drop('this server stops, or the event moves to another one');
    this.#onAir?.run.feed.abort();
    this.#letGo();
    this.#standIn.hide();
    this.removeAll();
  }

  #move(input: ProgramInput): void {
    if (this.#closed) return;
    const before = this.#state;
    const after = next(before, input);
    if (after === before) return;
    this.#state = after;
    if (after.name !== before.name) {
      this.#log.info({ from: before.name, to: after.name }, 'program changed');
    }
    if (after.name === 'ended') this.#finish(after.reason);
    if (input.type === 'lost' && after.name === 'interrupted') {
      this.#options.counters.interruptions++;
    }
    if (after.name === 'interrupted' || after.name === 'ended') this.#shiftUs = 0;
    this.emit('changed');
  }

  #finish(reason: EndReason): void {
    const run = this.#onAir?.run;
    this.#letGo();
    this.#wanted = undefined;
    this.#opening.clear();
    this.#standIn.hide();
    if (run === undefined) return;
    run.feed.end();
    this.#log.info({ runId: run.runId, reason }, 'program ended');
    this.emit('ended', run, reason);
  }

  #letGo(): void {
    this.#options.counters.skipped += this.#onAir?.run.feed.skipped ?? 0;
    this.#onAir = undefined;
  }

  #receive(source: Source, unit: MediaUnit): void {
    if (this.#closed) return;
    const { sourceId } = source;
    const nowUs = this.#clock.nowUs();
    if (this.#state.name === 'idle' || this.#state.name === 'ended') {
      this.#move({ type: 'media', sourceId, atUs: nowUs });
    }
    const state = this.#state;
    switch (state.name) {
      case 'starting':
        if (state.sourceId === sourceId) this.#open(source, unit);
        return;
      case 'on-air':
        if (sourceId === state.sourceId) {
          this.#heardUs[unit.track] = nowUs;
          this.#pass(source, unit);
        } else if (sourceId === this.#wanted) {
          this.#considerCut(source, unit, nowUs);
        }
        return;
      case 'interrupted':
        // Whoever brings a picture, the one that was lost included: another one may be connected and send nothing.
        this.#considerCut(source, unit, nowUs);
        return;
      default:
        return;
    }
  }

  /** Collects the first units until the picture and its rate are known. */
  #open(source: Source, unit: MediaUnit): void {
    this.#opening.push(unit);
    if (source.videoConfig === undefined || !this.#opening.hasKey) return;
    const { width, height, fps: stated } = parseAvcConfig(source.videoConfig.bytes).sps;
    const said = source.declaredFps ?? this.#opening.frameRate(stated);
    if (said === undefined) return;
    const fps = framesPerSecond(standardFrameRate(said));
    this.#start(source, { width, height, fps });
  }

  #start(source: Source, picture: SourcePicture): void {
    const units = this.#opening.take();
    const startUs = units[0]?.dts ?? this.#clock.nowUs();
    const startedAtMs = Math.round(this.#clock.nowUs() / 1000);
    const run = this.#begin({ runId: randomId(16), startedAtMs, picture }, startUs);
    this.#onAir?.output.expectAudio(source.audioConfig);
    this.#move({ type: 'picture-known' });
    const nowUs = this.#clock.nowUs();
    this.#heardUs = { video: nowUs, audio: nowUs };
    this.#log.info({ runId: run.runId, sourceId: source.sourceId, ...picture }, 'program started');
    for (const unit of units) this.#receive(source, unit);
    this.emit('started', run);
  }

  #begin(memory: RunMemory, startUs: Micros): Run {
    const feed = new ProgramFeed(startUs);
    const run: Run = { ...memory, fps: standardFrameRate(memory.picture.fps), feed };
    this.#onAir = { run, output: new ProgramOutput(feed, startUs) };
    this.#shiftUs = 0;
    this.#standIn.hide();
    this.#standIn.prepare(this.#slateSpec(run, 'interrupted'));
    return run;
  }

  /** A source that is not on air goes on air at a key frame, or with its sound when it has no picture. */
  #considerCut(source: Source, unit: MediaUnit, nowUs: Micros): void {
    const cuttable = unit.track === 'video' ? unit.key : this.#isAudioOnly(source, nowUs);
    const onAir = this.#onAir;
    if (!cuttable || onAir === undefined) return;
    const { sourceId } = source;
    if (this.#wanted === sourceId) this.#wanted = undefined;
    this.#move({ type: 'cut', sourceId });
    this.#options.counters.cuts++;
    this.#heardUs = { video: nowUs, audio: nowUs };
    if (unit.track === 'video') this.#joinAt(unit);
    else this.#shiftUs = 0;
    onAir.output.expectAudio(source.audioConfig);
    this.#log.info({ sourceId, shiftMs: Math.round(this.#shiftUs / 1000) }, 'source on air');
    this.#pass(source, unit);
  }

  /** From this picture on the source on air follows what was there before. */
  #joinAt({ dts }: VideoUnit): void {
    const onAir = this.#onAir;
    if (onAir === undefined) return;
    this.#shiftUs = onAir.output.join(dts, frameUs(onAir.run));
    this.#standIn.hide();
  }

  #isAudioOnly(source: Source, nowUs: Micros): boolean {
    const sinceUs = source.connectedUs;
    if (sinceUs === undefined || source.audioConfig === undefined) return false;
    const patience = source.videoConfig === undefined ? VIDEO_PATIENCE_US : KEY_PATIENCE_US;
    return nowUs - sinceUs > patience;
  }

  #pass(source: Source, unit: MediaUnit): void {
    const output = this.#onAir?.output;
    if (output === undefined) return;
    const { videoConfig, audioConfig } = source;
    if (unit.track === 'video') {
      if (this.#standIn.isShown) {
        // Picture after all: it replaces the still one at its first key frame.
        if (!unit.key) return;
        this.#joinAt(unit);
      }
      if (videoConfig !== undefined && output.video(videoConfig, unit, this.#shiftUs)) {
        output.silence(audioConfig !== undefined);
      }
    } else if (audioConfig !== undefined) {
      output.audio(audioConfig, unit, this.#shiftUs);
    }
  }

  #tick(): void {
    const nowUs = this.#clock.nowUs();
    const state = this.#state;
    if (state.name === 'starting') this.#tickStarting(state, nowUs);
    if (state.name === 'on-air') this.#tickOnAir(state.sourceId, nowUs);
    if (state.name === 'interrupted' && nowUs - state.sinceUs > this.#options.timing.interruptUs) {
      this.#move({ type: 'give-up' });
    }
    this.#showSlate(nowUs);
  }

  #tickStarting(state: ProgramState & { name: 'starting' }, nowUs: Micros): void {
    const source = this.#sources.get(state.sourceId);
    if (source === undefined || !source.connected) {
      this.#opening.clear();
      this.#move({ type: 'lost', sourceId: state.sourceId, atUs: nowUs });
    } else if (this.#opening.firstUs !== undefined && this.#isAudioOnly(source, nowUs)) {
      this.#start(source, AUDIO_ONLY_PICTURE);
      this.#heardUs.video = 0;
    }
  }

  #tickOnAir(sourceId: string, nowUs: Micros): void {
    const { slateAfterUs } = this.#options.timing;
    const isConnected = this.#sources.get(sourceId)?.connected === true;
    const newestUs = Math.max(this.#heardUs.video, this.#heardUs.audio);
    const patienceUs = isConnected ? slateAfterUs : Math.min(LOST_GRACE_US, slateAfterUs);
    if (nowUs - newestUs <= patienceUs) return;
    this.#move({ type: 'lost', sourceId, atUs: micros(newestUs) });
  }

  /** Which slate stands in now, if any; its frames that are due go on air. */
  #showSlate(nowUs: Micros): void {
    const onAir = this.#onAir;
    const kind = this.#slateKind(nowUs);
    if (onAir === undefined || kind === undefined) {
      this.#standIn.hide();
      this.#setPace(TICK_MS);
      return;
    }
    const { run, output } = onAir;
    this.#standIn.show(this.#slateSpec(run, kind), nowUs);
    const { sourceId } = this.#state.name === 'on-air' ? this.#state : { sourceId: '' };
    const soundExpected = this.#sources.get(sourceId)?.audioConfig !== undefined;
    for (const [clip, unit] of this.#standIn.due(nowUs, output.lastVideoUs + frameUs(run))) {
      if (output.video(clip.config, unit)) output.silence(soundExpected);
    }
    this.#setPace(SLATE_TICK_MS);
  }

  #slateKind(nowUs: Micros): SlateKind | undefined {
    if (this.#state.name === 'interrupted') return 'interrupted';
    if (this.#state.name !== 'on-air') return undefined;
    if (this.#standIn.isShown) return 'audio-only';
    return nowUs - this.#heardUs.video > this.#options.timing.slateAfterUs
      ? 'audio-only'
      : undefined;
  }

  #slateSpec({ picture, fps }: Run, kind: SlateKind): SlateSpec {
    return { kind, title: this.#spec.title, ...slateSize(picture), fps };
  }

  #setPace(ms: number): void {
    if (this.#pace?.ms === ms || this.#closed) return;
    this.#pace?.stop();
    this.#pace = { ms, stop: this.#options.ticker.every(ms, () => this.#tick()) };
  }
}

const frameUs = ({ fps }: Run): number => (1_000_000 * fps.den) / fps.num;
