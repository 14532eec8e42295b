/**
 * A voice that is easy to time, and the ear for it, as the sources of two audio
 * worklets. The voice hums all the time, so that a gap in it is heard, and gives
 * a burst of tone now and then, whose beginning is told to the millisecond.
 */

/** Hertz and share of full scale. The hum has a peak in each render quantum of 128 samples. */
const HUM = { hertz: 300, level: 0.05 };
const BURST = { hertz: 1_000, level: 0.6, seconds: 0.04 };
/** From one burst to the next, at any time between two packets. */
const BETWEEN_S = { least: 0.5, most: 0.8 };
/** Louder is a burst; softer is no sound at all. */
const LOUD = 0.25;
const SILENT = 0.008;

/** Posts the epoch milliseconds at which each burst was made. */
export const MOUTH = `
registerProcessor('mouth', class extends AudioWorkletProcessor {
  n = 0;
  begin = sampleRate;
  process(_inputs, [[out]]) {
    const long = ${BURST.seconds} * sampleRate;
    for (let i = 0; i < out.length; i++, this.n++) {
      const turn = (2 * Math.PI * this.n) / sampleRate;
      out[i] = ${HUM.level} * Math.sin(turn * ${HUM.hertz});
      if (this.n < this.begin) continue;
      if (this.n === this.begin) this.port.postMessage(Date.now());
      out[i] += ${BURST.level} * Math.cos(turn * ${BURST.hertz});
      if (this.n - this.begin < long) continue;
      const wait = ${BETWEEN_S.least} + Math.random() * ${BETWEEN_S.most - BETWEEN_S.least};
      this.begin = this.n + Math.round(wait * sampleRate);
    }
    return true;
  }
});`;

/** Posts the epoch milliseconds at which a burst came, and each silence that is the longest so far. */
export const EAR = `
registerProcessor('ear', class extends AudioWorkletProcessor {
  loudAt = -Infinity;
  silent = 0;
  longest = 0;
  heard = false;
  process([[input]]) {
    let peak = 0;
    if (input !== undefined) {
      for (let i = 0; i < input.length; i++) {
        const level = Math.abs(input[i]);
        if (level > peak) peak = level;
        if (level < ${LOUD}) continue;
        const at = currentFrame + i;
        if (at - this.loudAt > 0.2 * sampleRate) this.port.postMessage({ burst: Date.now() });
        this.loudAt = at;
      }
    }
    if (peak > ${SILENT}) {
      this.heard = true;
      this.silent = 0;
    } else if (this.heard) {
      this.silent += 128;
      if (this.silent > this.longest) {
        this.longest = this.silent;
        this.port.postMessage({ silenceMs: (this.silent / sampleRate) * 1000 });
      }
    }
    return true;
  }
});`;
