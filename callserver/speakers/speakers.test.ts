import { describe, expect, it } from 'vitest';
import { numbers } from '#support';
import { type Speaker, SpeakerBoard } from './speaker-board.ts';

const PACKET_MS = 20;
const JUDGE_MS = 100;
const NOISE = 75;
const VOICE = 30;

type Sound = 'silence' | 'speech' | 'soft speech' | 'tone' | 'hum';

/** People with microphones, on a clock of their own. Levels as RFC 6464 has them. */
class Conversation {
  readonly board: SpeakerBoard;
  readonly #sounds = new Map<string, Sound>();
  readonly #random = numbers(3);
  /** Packets that were passed on, by person, since this was last emptied. */
  readonly passed = new Map<string, number>();
  readonly notices: { ms: number; speakers: readonly Speaker[] }[] = [];
  ms = 10_000;

  constructor(topVoices: number, people: readonly string[]) {
    this.board = new SpeakerBoard(topVoices);
    for (const person of people) {
      this.board.add(person);
      this.#sounds.set(person, 'silence');
    }
  }

  set(person: string, sound: Sound): this {
    this.#sounds.set(person, sound);
    return this;
  }

  run(forMs: number): this {
    for (const end = this.ms + forMs; this.ms < end; this.ms += PACKET_MS) {
      let phase = 0;
      for (const [person, sound] of this.#sounds) {
        phase += 100;
        if (this.board.hear(person, this.#level(sound, this.ms + phase), this.ms)) {
          this.passed.set(person, (this.passed.get(person) ?? 0) + 1);
        }
      }
      if (this.ms % JUDGE_MS !== 0) continue;
      const speakers = this.board.judge(this.ms);
      if (speakers !== undefined) this.notices.push({ ms: this.ms, speakers });
    }
    return this;
  }

  /** Syllables of 200 ms with 60 ms between them, everybody's at other times. */
  #level(sound: Sound, ms: number): number {
    const some = Math.floor(this.#random() * 9) - 4;
    if (sound === 'tone') return 0x80 | VOICE;
    if (sound === 'hum') return 50;
    if (sound === 'silence' || ms % 260 >= 200) return NOISE + some;
    return (sound === 'speech' ? VOICE : VOICE + 12) + some;
  }

  get dominant(): string | undefined {
    return this.notices.at(-1)?.speakers.find(({ dominant }) => dominant)?.producerId;
  }

  get speaking(): string[] {
    return (this.notices.at(-1)?.speakers ?? []).map(({ producerId }) => producerId);
  }
}

const PEOPLE = ['ada', 'ben', 'cem', 'dan', 'eva'];
const CROWD = Array.from({ length: 50 }, (_, i) => `p${i}`);

describe('who speaks', () => {
  it('is told when it changes, and not again', () => {
    const talk = new Conversation(0, PEOPLE).run(3_000);
    expect(talk.notices).toEqual([]);
    talk.set('ben', 'speech').run(2_000);
    expect(talk.speaking).toEqual(['ben']);
    expect(talk.dominant).toBe('ben');
    talk.set('ben', 'silence').run(2_000);
    expect(talk.speaking).toEqual([]);
    const told = talk.notices.length;
    talk.run(5_000);
    expect(talk.notices).toHaveLength(told);
  });

  it('is told at most every 100 ms, however often one looks', () => {
    const board = new SpeakerBoard(0);
    board.add('ada');
    let told = 0;
    for (let ms = 0; ms < 1_000; ms += 5) {
      board.hear('ada', ms % 200 < 100 ? VOICE : NOISE, ms);
      if (board.judge(ms) !== undefined) told++;
    }
    expect(told).toBeLessThanOrEqual(10);
  });

  it('says how loud, the loudest first', () => {
    const talk = new Conversation(0, PEOPLE).set('ada', 'soft speech').set('eva', 'tone');
    talk.run(2_000);
    const [eva, ada] = talk.notices.at(-1)!.speakers;
    expect(eva).toMatchObject({ producerId: 'eva', level: -VOICE });
    expect(ada).toMatchObject({ producerId: 'ada' });
    expect(ada!.level).toBeLessThan(-VOICE);
  });

  it('is not the hum of a machine that never stops, nor what digital silence leaves', () => {
    const talk = new Conversation(0, PEOPLE).set('dan', 'hum').run(5_000);
    expect(talk.speaking).toEqual([]);
    const board = new SpeakerBoard(0);
    board.add('ada');
    for (let ms = 0; ms < 1_000; ms += PACKET_MS) board.hear('ada', ms < 500 ? 127 : 80, ms);
    expect(board.judge(1_000)).toBeUndefined();
  });

  it('is at most ten at once', () => {
    const talk = new Conversation(0, CROWD);
    for (const person of CROWD.slice(0, 10)) talk.set(person, 'tone');
    talk.run(1_000);
    expect(talk.speaking).toHaveLength(10);
    talk.set('p10', 'tone').run(1_000);
    expect(talk.speaking).toHaveLength(10);
  });
});

describe('the floor', () => {
  const alone = () => new Conversation(0, PEOPLE).run(1_000).set('ada', 'speech').run(3_000);

  it('passes to who speaks when the other one stops, within a second', () => {
    const talk = alone();
    expect(talk.dominant).toBe('ada');
    talk.set('ada', 'silence').set('ben', 'speech').run(1_000);
    expect(talk.dominant).toBe('ben');
  });

  const holders = ({ notices }: Conversation) =>
    new Set(
      notices.flatMap(({ speakers }) =>
        speakers.filter(({ dominant }) => dominant).map(({ producerId }) => producerId),
      ),
    );

  it('is not taken by a cough', () => {
    const talk = alone().set('cem', 'tone').run(160).set('cem', 'silence').run(2_000);
    expect(holders(talk)).toEqual(new Set(['ada']));
  });

  it('is not taken by a word that falls into a pause for breath', () => {
    const talk = alone().set('ada', 'silence').set('ben', 'tone').run(320);
    talk.set('ada', 'speech').set('ben', 'silence').run(2_000);
    expect(holders(talk)).toEqual(new Set(['ada']));
  });

  it('stays where it is while both speak', () => {
    const talk = alone().set('ben', 'tone').run(3_000);
    expect(talk.speaking).toEqual(expect.arrayContaining(['ada', 'ben']));
    expect(talk.dominant).toBe('ada');
  });

  it('is free when its holder leaves', () => {
    const talk = alone();
    talk.board.remove('ada');
    talk.set('ben', 'speech').run(1_000);
    expect(talk.dominant).toBe('ben');
    expect(talk.speaking).toEqual(['ben']);
  });
});

describe('three voices for a room of fifty', () => {
  it('are all that goes out, whoever there is', () => {
    const talk = new Conversation(3, CROWD).run(2_000);
    expect(talk.passed.size).toBe(3);
  });

  it('take in whoever begins, from the first syllable on', () => {
    const talk = new Conversation(3, CROWD).run(2_000);
    talk.set('p40', 'tone').run(PACKET_MS);
    expect(talk.passed.get('p40')).toBe(1);
    talk.run(1_000);
    expect(talk.passed.get('p40')).toBe(51);
  });

  it('do not come and go between words', () => {
    const talk = new Conversation(3, CROWD).run(2_000);
    for (const person of ['p10', 'p20', 'p30']) talk.set(person, 'speech');
    talk.run(300);
    talk.passed.clear();
    talk.run(10_000);
    expect([...talk.passed.keys()].sort()).toEqual(['p10', 'p20', 'p30']);
    expect([...talk.passed.values()]).toEqual([500, 500, 500]);
  });

  it('keep the fourth out while all three speak, unless that one is clearly louder for a while', () => {
    const talk = new Conversation(3, CROWD).run(2_000);
    for (const person of ['p10', 'p20', 'p30']) talk.set(person, 'soft speech');
    talk.run(3_000).set('p40', 'soft speech');
    talk.passed.clear();
    talk.run(3_000);
    expect(talk.passed.has('p40')).toBe(false);
    talk.set('p40', 'tone').run(1_000);
    expect(talk.passed.get('p40') ?? 0).toBeGreaterThan(0);
    talk.passed.clear();
    talk.run(1_000);
    expect(talk.passed.size).toBe(3);
  });

  it.each([
    [3, 0],
    [4, 1],
  ])('leave out none of the first three of %i', (people, leftOut) => {
    const talk = new Conversation(3, CROWD.slice(0, people)).run(1_000);
    expect(people - talk.passed.size).toBe(leftOut);
  });

  it('are everybody where the number is 0', () => {
    const talk = new Conversation(0, CROWD).run(100);
    expect(talk.passed.size).toBe(50);
  });
});
