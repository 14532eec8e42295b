const NOTES = [440, 554.37, 659.25];
const NOTE_S = 0.22;

/** Three notes from the chosen speaker. */
export async function testTone(speakerId: string): Promise<void> {
  const context = new AudioContext();
  const way = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = way.stream;
  if (speakerId !== '' && 'setSinkId' in element)
    await element.setSinkId(speakerId).catch(() => {});
  await element.play().catch(() => {});
  NOTES.forEach((frequency, i) => {
    const begin = context.currentTime + 0.05 + i * NOTE_S;
    const note = new OscillatorNode(context, { frequency });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(0.25, begin + 0.02);
    volume.gain.linearRampToValueAtTime(0, begin + NOTE_S);
    note.connect(volume).connect(way);
    note.start(begin);
    note.stop(begin + NOTE_S);
  });
  setTimeout(() => context.close(), (NOTES.length * NOTE_S + 0.5) * 1000);
}
