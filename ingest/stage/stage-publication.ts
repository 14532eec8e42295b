import { AmphiError, type Logger } from '#base';
import {
  castSchema,
  readPublicationUnit,
  STAGE_CAST,
  STAGE_TRACK_BYTES,
  STAGE_UNIT,
} from '#contracts';
import type { PublisherSink } from '../rtmp/session.ts';
import { Stage } from './stage.ts';

/** A room's media on its way into a source: frames from the call server in, one camera out. */
export class StagePublication {
  readonly #sink: PublisherSink;
  readonly #stage: Stage;

  constructor(options: { sink: PublisherSink; log: Logger }) {
    this.#sink = options.sink;
    this.#stage = new Stage(options);
  }

  /** Throws `protocol_violation`, `RangeError` or the schema's error for what makes no sense. */
  take(kind: number, payload: Buffer): void {
    if (kind === STAGE_CAST) {
      this.#stage.setCast(castSchema.parse(JSON.parse(payload.toString())));
    } else if (kind === STAGE_UNIT) {
      const unit = readPublicationUnit(payload.subarray(STAGE_TRACK_BYTES));
      this.#stage.push(payload.readUInt16BE(), unit);
    } else {
      throw new AmphiError('protocol_violation', 'an unexpected frame');
    }
  }

  end(reason: string): void {
    this.#stage.close().catch(() => {});
    this.#sink.onEnd(reason);
  }
}
