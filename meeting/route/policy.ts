import type { MediaReport, MediaRoute } from '#contracts';

/**
 * Which way media goes in a room: straight between people (a mesh) or over the
 * call server. Pure, and every choice says why.
 */

/** What the policy must know of somebody in the room. */
export interface RoutePerson {
  participantId: string;
  role: string;
  video: boolean;
  screen: boolean;
  goneSince?: number;
  report?: MediaReport;
}

export interface RouteFacts {
  /** Milliseconds since the epoch, as all times here. */
  nowMs: number;
  current: MediaRoute & { since: number };
  /** A mesh has failed before: none is tried until then. */
  meshBarredUntil: number;
  setting: 'auto' | 'callserver';
  hasCallServer: boolean;
  /** An event shows the room: it is composed of what the call server has. */
  onStage: boolean;
  people: readonly RoutePerson[];
}

export interface RouteChoice extends MediaRoute {
  meshBarredUntil: number;
}

/** People in a mesh, where nothing speaks for more or fewer. */
const MESH_PEOPLE = 3;
/** All of them near each other. */
const NEAR_MS = 15;
const NEAR_PEOPLE = 4;
/** Two of them far apart: every repair takes long, and the call server stands in between. */
const FAR_MS = 180;
const FAR_PEOPLE = 2;
/** More than this is no mesh, whatever happens. */
const MESH_LIMIT = 8;
/** What one sends to each other person, bits per second. */
const SOUND_BITS = 64_000;
const CAMERA_BITS = 700_000;
const SCREEN_BITS = 1_000_000;
/** So long a choice holds before media goes straight again: joining and leaving is not answered by to and fro. */
const HOLD_MS = 10_000;
/** After a direct way has failed. */
const BARRED_MS = 5 * 60_000;

/**
 * The way that media is to go. What holds already is kept unless something
 * speaks against it. The reason does not say how many there are: it is told
 * when the way changes, and they come and go between.
 */
export function chooseRoute(facts: RouteFacts): RouteChoice {
  const { nowMs, current, people } = facts;
  const failed = failedPair(people);
  const meshBarredUntil =
    failed === undefined
      ? facts.meshBarredUntil
      : Math.max(facts.meshBarredUntil, nowMs + BARRED_MS);
  const choose = (peers: MediaRoute['peers'], reason: string) => ({
    peers,
    reason,
    meshBarredUntil,
  });
  if (!facts.hasCallServer) return choose('mesh', 'No call server is up');
  if (facts.setting === 'callserver') return choose('callserver', 'The host has set it so');
  if (facts.onStage) return choose('callserver', 'The room is on stage');
  const against = speaksAgainstMesh(facts, failed);
  if (against !== undefined) return choose('callserver', against);
  if (current.peers === 'callserver') {
    if (nowMs < meshBarredUntil) {
      return choose('callserver', 'A direct connection failed a short while ago');
    }
    if (nowMs - current.since < HOLD_MS) return choose('callserver', current.reason);
  }
  return choose('mesh', 'Straight is the shortest way among few');
}

/** When the choice may become another one by itself; undefined when only by what happens. */
export function routeDeadline(
  facts: Pick<RouteFacts, 'current' | 'meshBarredUntil'>,
): number | undefined {
  if (facts.current.peers === 'mesh') return undefined;
  return Math.max(facts.current.since + HOLD_MS, facts.meshBarredUntil);
}

function speaksAgainstMesh(facts: RouteFacts, failed: string | undefined): string | undefined {
  const { people } = facts;
  if (failed !== undefined) return failed;
  if (people.length <= 1) return undefined;
  const { limit, why } = meshLimit(people);
  if (people.length > Math.min(limit, MESH_LIMIT)) {
    return `A mesh is for ${limit} at most${why}`;
  }
  const others = people.length - 1;
  for (const { report, video, screen } of people) {
    if (report?.cpuLimited && others > 1)
      return 'A device is too slow to send to everybody by itself';
    const need = others * (SOUND_BITS + (video ? CAMERA_BITS : 0) + (screen ? SCREEN_BITS : 0));
    if (others > 1 && report?.uplink !== undefined && report.uplink < need) {
      return `An uplink of ${kilobits(report.uplink)} does not carry ${kilobits(need)} to everybody`;
    }
  }
  return undefined;
}

/** How many a mesh is for, by the distance between them. */
function meshLimit(people: readonly RoutePerson[]): { limit: number; why: string } {
  const trips = people.flatMap(({ report }) =>
    (report?.peers ?? []).flatMap(({ state, roundTripMs }) =>
      state === 'connected' && roundTripMs !== undefined ? [roundTripMs] : [],
    ),
  );
  const longest = Math.max(0, ...trips);
  if (longest > FAR_MS)
    return { limit: FAR_PEOPLE, why: ` when two are ${Math.round(longest)} ms apart` };
  // Everybody has told, of every other.
  const everyPair = trips.length >= people.length * (people.length - 1) && people.length > 1;
  if (everyPair && longest <= NEAR_MS) return { limit: NEAR_PEOPLE, why: ' even this near' };
  return { limit: MESH_PEOPLE, why: '' };
}

/** A pair whose direct way failed, both of them being there. */
function failedPair(people: readonly RoutePerson[]): string | undefined {
  const here = new Set(
    people.filter(({ goneSince }) => goneSince === undefined).map((one) => one.participantId),
  );
  const failed = people.some(
    ({ participantId, report }) =>
      here.has(participantId) &&
      report?.peers.some((peer) => peer.state === 'failed' && here.has(peer.participantId)),
  );
  return failed ? 'Two people do not reach each other directly' : undefined;
}

const kilobits = (bits: number): string => `${Math.round(bits / 1000)} kbit/s`;
