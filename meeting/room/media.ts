import { AmphiError } from '#base';
import { CALL_SERVER_ID, type MediaType, type RoomMedia, type RoomStream } from '#contracts';
import { type Handlers, LATER } from './handler.ts';
import { decideRoute } from './media-route.ts';
import { isCrowded, streamsFor } from './receivable.ts';
import { moderates, requireAllowed, requireSender } from './rights.ts';
import type { Person } from './state.ts';
import { type Turn, together } from './turn.ts';

/** What people send and receive, and the words between their peer connections. */
type Media = 'offer' | 'answer' | 'ice-candidate' | 'mute' | 'unmute' | 'want' | 'report';

const FIELDS = {
  audio: 'audio',
  video: 'video',
  screen: 'screen',
  'screen-audio': 'screenAudio',
} as const satisfies Record<MediaType, keyof Person>;

const MEDIA: Record<MediaType, RoomMedia> = {
  audio: 'microphone',
  video: 'camera',
  screen: 'screen',
  'screen-audio': 'screen-audio',
};

const MEDIA_TYPES = Object.keys(MEDIA) as MediaType[];

/** Whether this is on. */
export const sendsNow = (person: Person, media: RoomMedia): boolean =>
  MEDIA_TYPES.some((mediaType) => MEDIA[mediaType] === media && person[FIELDS[mediaType]]);

export const media: Handlers<Media> = {
  offer: (turn, person, message) => {
    const { to, sdp, purpose, labels, connection, ref } = message;
    const { participantId } = person;
    if (to !== CALL_SERVER_ID) {
      relayTo(turn, person, to);
      turn.send(to, {
        type: 'offer',
        from: participantId,
        sdp,
        ...(labels === undefined ? {} : { labels }),
        ...(connection === undefined ? {} : { connection }),
      });
      return undefined;
    }
    if (purpose === undefined) {
      throw new AmphiError('bad_request', 'purpose: an offer to the call server needs one');
    }
    if (purpose === 'send') requireSender(person);
    if (!turn.deps.hasCallServer()) throw new AmphiError('unavailable', 'No call server is up');
    const about = { sdp, labels: labels ?? {}, connection, ref };
    turn.do({ type: 'call-server-offer', participantId, purpose, ...about });
    return LATER;
  },
  answer: (turn, person, { to, sdp, labels, connection }) => {
    relayTo(turn, person, to);
    turn.send(to, {
      type: 'answer',
      from: person.participantId,
      sdp,
      ...(labels === undefined ? {} : { labels }),
      ...(connection === undefined ? {} : { connection }),
    });
    return undefined;
  },
  'ice-candidate': (turn, person, { to, candidate, connection }) => {
    // The call server needs none of ours: it answers to where our checks come from.
    if (to === CALL_SERVER_ID) return undefined;
    relayTo(turn, person, to);
    turn.send(to, {
      type: 'ice-candidate',
      from: person.participantId,
      candidate,
      ...(connection === undefined ? {} : { connection }),
    });
    return undefined;
  },
  mute: (turn, person, { mediaType }) => {
    stopSending(turn, person, mediaType === 'screen' ? ['screen', 'screen-audio'] : [mediaType]);
    return undefined;
  },
  unmute: (turn, person, { mediaType }) => {
    requireSender(person);
    const { settings } = turn.state;
    if (mediaType === 'audio' && !settings.unmuteSelf && !moderates(person) && !person.mayUnmute) {
      throw new AmphiError('forbidden', 'The host unmutes people here: raise your hand');
    }
    if (mediaType.startsWith('screen')) {
      requireAllowed(person.role, settings.screenShare, 'screens to be shared');
    }
    if (person[FIELDS[mediaType]]) return undefined;
    person[FIELDS[mediaType]] = true;
    const { participantId } = person;
    turn.do({ type: 'stream', participantId, media: MEDIA[mediaType], on: true, at: turn.nowMs });
    turn.tellMedia(person);
    return undefined;
  },
  want: (turn, person, { participantId, media, width, height }) => {
    // Somebody may have left, or gone to another room, while that was said.
    const target = turn.state.people[participantId];
    if (target === undefined || !together(person, target)) return undefined;
    const stream = { participantId, media };
    turn.do({
      type: 'call-server-want',
      participantId: person.participantId,
      stream,
      width,
      height,
    });
    return undefined;
  },
  report: (turn, person, { uplink, cpuLimited, peers }) => {
    person.report = {
      ...(uplink === undefined ? {} : { uplink }),
      ...(cpuLimited === undefined ? {} : { cpuLimited }),
      peers: peers
        .filter(({ participantId }) => turn.state.people[participantId] !== undefined)
        .map(({ participantId, state, roundTripMs, loss }) => ({
          participantId,
          state,
          ...(roundTripMs === undefined ? {} : { roundTripMs }),
          ...(loss === undefined ? {} : { loss }),
        })),
    };
    decideRoute(turn);
    return undefined;
  },
};

/** So long direct connections go on beside the call server, and may need a word. */
const RELAY_AFTER_MESH_MS = 2 * 60_000;

/** Throws `participant_not_found` or `conflict` unless this message may be passed on to that person. */
function relayTo(turn: Turn, person: Person, to: string): void {
  const target = turn.person(to);
  if (target === person || !together(person, target)) {
    throw new AmphiError('participant_not_found', 'Nobody else of this id is in the same room');
  }
  const { peers, since } = turn.state.route;
  if (peers === 'callserver' && turn.nowMs - since > RELAY_AFTER_MESH_MS) {
    throw new AmphiError('conflict', 'Media goes over the call server: nothing is passed on');
  }
}

/** What a person sends ends; nothing happens where it was off. */
export function stopSending(turn: Turn, person: Person, types: readonly MediaType[]): void {
  const on = types.filter((mediaType) => person[FIELDS[mediaType]]);
  if (on.length === 0) return;
  const { participantId } = person;
  for (const mediaType of on) {
    person[FIELDS[mediaType]] = false;
    turn.do({ type: 'stream', participantId, media: MEDIA[mediaType], on: false, at: turn.nowMs });
  }
  turn.tellMedia(person);
}

/** The call server has other streams than before. */
export function setStreams(turn: Turn, streams: RoomStream[]): void {
  turn.state.streams = streams;
  tellStreams(turn);
}

/** Tells everybody, or these, what they can receive. */
export function tellStreams(turn: Turn, people: readonly Person[] = turn.people): void {
  for (const person of people) {
    const streams = streamsFor(turn.state, person);
    turn.send(person.participantId, { type: 'streams-changed', streams });
  }
}

/** Who speaks: each room within the room hears of its own. In a crowd, who speaks is received. */
export function tellSpeakers(turn: Turn, participantIds: readonly string[]): void {
  const { state, nowMs } = turn;
  const speakers = participantIds.flatMap((id) => state.people[id] ?? []);
  const crowd = isCrowded(state) ? turn.people : [];
  const before = crowd.map((person) => JSON.stringify(streamsFor(state, person)));
  for (const speaker of speakers) speaker.spokeAt = nowMs;
  const changed = crowd.filter(
    (person, i) => JSON.stringify(streamsFor(state, person)) !== before[i],
  );
  tellStreams(turn, changed);
  for (const person of turn.people) {
    turn.send(person.participantId, {
      type: 'speakers',
      participantIds: speakers
        .filter((speaker) => together(speaker, person))
        .map(({ participantId }) => participantId),
    });
  }
}
