import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import { CLOSE_CODES } from '#contracts';
import { connectRedis, extraConnection, type Redis } from '#platform';
import { openDatabase } from '#platform/sql';
import { createMeeting, Instance, SignalClient, SignalingNode, until } from '#support';
import { Device, PASSWORD, People, type SignedIn } from './people-rig.ts';

/** Further signalling nodes in this process, on the Redis and the database of a running Amphi. */

const SECRET = 'one-secret-for-all-the-nodes-of-the-cluster';
let amphi: Instance;
let redis: Redis;
let people: People;
const nodes: SignalingNode[] = [];

async function startNode(nodeId: string): Promise<SignalingNode> {
  const { dataDir } = amphi;
  const node = await SignalingNode.start({ nodeId, dataDir, secret: SECRET });
  nodes.push(node);
  return node;
}

async function stopNode(node: SignalingNode): Promise<void> {
  nodes.splice(nodes.indexOf(node), 1);
  await node.stop();
}

beforeAll(async () => {
  amphi = await Instance.start({ env: { AMPHI_ROLES: 'api', AMPHI_CLUSTER_SECRET: SECRET } });
  people = new People(amphi);
  redis = connectRedis(`unix:${join(amphi.dataDir, 'run', 'redis.sock')}`, { log: silentLogger });
});

afterAll(async () => {
  for (const node of [...nodes]) await stopNode(node);
  redis?.disconnect();
  await amphi?.stop();
});

/** A socket at this node that has said nothing yet, wherever the room is held. */
async function knockAt(
  node: SignalingNode,
  meetingId: string,
  hostToken?: string,
): Promise<SignalClient> {
  const knocked = await SignalClient.knock(
    amphi.base,
    meetingId,
    hostToken === undefined ? {} : { hostToken },
  );
  const url = knocked.socket.url.replace(/^ws:\/\/[^/]+/, node.base);
  knocked.cut();
  const client = new SignalClient(url, knocked.participantId);
  await client.opened();
  return client;
}

const enter = (client: SignalClient) =>
  client.say({ type: 'join', participantId: client.participantId });

async function joinAt(
  node: SignalingNode,
  meetingId: string,
  hostToken?: string,
): Promise<SignalClient> {
  const client = await knockAt(node, meetingId, hostToken);
  enter(client);
  await client.next('welcome');
  return client;
}

/** What is said to a node by others, by its kind. */
async function overhear(nodeId: string): Promise<{ kinds: string[]; stop: () => void }> {
  const subscriber = extraConnection(redis, silentLogger, 'subscribe');
  const kinds: string[] = [];
  subscriber.on('smessage', (_channel, text: string) =>
    kinds.push((JSON.parse(text) as { kind: string }).kind),
  );
  await subscriber.ssubscribe(`amphi:signal:{${nodeId}}`);
  return { kinds, stop: () => subscriber.disconnect() };
}

describe('several nodes', () => {
  it('hold a room once, and work as one', async () => {
    const [one, two] = [await startNode('one'), await startNode('two')];
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await joinAt(one, meetingId, hostToken);
    const guest = await joinAt(two, meetingId);
    expect([one.rooms.size, two.rooms.size]).toEqual([1, 0]);
    expect(await guest.ask({ type: 'chat', message: 'hello' })).toMatchObject({ type: 'ok' });
    expect(await host.next('chat')).toMatchObject({ message: 'hello' });
    for (let i = 0; i < 50; i++) host.say({ type: 'reaction', emoji: `e${i}` });
    await guest.until('the last one', (m) => m.type === 'reaction' && m.emoji === 'e49');
    expect(guest.of('reaction')).toHaveLength(50);
    expect(guest.messages.map(({ sequence }) => sequence).filter((n) => n > 0)).toEqual(
      Array.from({ length: guest.sequence }, (_, i) => i + 1),
    );
    // By way of the other node than before.
    guest.cut();
    await host.until(
      'the break',
      (m) => m.type === 'participant-updated' && !m.participant.connected,
    );
    await host.ask({ type: 'reaction', emoji: 'missed' });
    const url = guest.socket.url.replace(two.base, one.base);
    const again = await guest.resume({ url });
    await again.next('resumed');
    expect(again.of('reaction').map(({ emoji }) => emoji)).toEqual(['missed']);
    expect(await again.ask({ type: 'leave' })).toMatchObject({ type: 'ok' });
    expect((await again.closed).code).toBe(1000);
  });

  it('take a room over from one that stops: clients come again and go on', async () => {
    const [one, two] = [await startNode('three'), await startNode('four')];
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await joinAt(one, meetingId, hostToken);
    const guest = await joinAt(two, meetingId);
    await guest.ask({ type: 'hand-raise' });
    await stopNode(one);
    expect((await guest.closed).code).toBe(1012);
    await host.closed;
    const [h, g] = [
      await host.resume({ url: host.socket.url.replace(one.base, two.base) }),
      await guest.resume(),
    ];
    const welcome = await g.next('welcome');
    expect(welcome.self.handRaisedAt).toBeDefined();
    expect(welcome.participants).toMatchObject([{ participantId: host.participantId }]);
    await h.next('welcome');
    expect(await h.ask({ type: 'lock', locked: true })).toMatchObject({ type: 'ok' });
    expect(two.rooms.size).toBe(1);
  });

  it('let nobody in who goes while the room is opened, and answer who speaks meanwhile', async () => {
    const [one, two] = [await startNode('opener'), await startNode('other')];
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await knockAt(one, meetingId, hostToken);
    const [goes, stays] = [await knockAt(two, meetingId), await knockAt(two, meetingId)];
    const heard = await overhear('opener');
    const socketPath = join(amphi.dataDir, 'run', 'postgres.sock');
    const database = await openDatabase(`unix:${socketPath}`);
    let asked: ReturnType<SignalClient['ask']> | undefined;
    // The room cannot be read while a transaction has the database.
    await database.db.transaction(async (transaction) => {
      const holding = async (what: string, isSo: () => boolean | Promise<boolean>) =>
        until(what, async () => {
          await transaction.execute('select 1');
          return isSo();
        });
      await holding('the database to be held', () => true);
      enter(host);
      const lease = `amphi:lease:meeting:${meetingId}`;
      await holding('the room to be taken', async () => (await redis.get(lease)) === 'opener');
      enter(goes);
      const count = (kind: string) => heard.kinds.filter((one) => one === kind).length;
      await holding('the first to be relayed', () => count('open') === 1);
      goes.cut();
      await holding('that it is gone to be relayed', () => count('gone') === 1);
      enter(stays);
      asked = stays.ask({ type: 'hand-raise' });
      await holding('the other to be relayed', () => count('message') === 1);
    });
    expect(await asked).toMatchObject({ type: 'ok' });
    const { participants } = await stays.next('welcome');
    expect(participants.map((one) => one.participantId)).toEqual([host.participantId]);
    await host.ask({ type: 'hand-raise' });
    const joined = host
      .of('participant-joined')
      .map(({ participant }) => participant.participantId);
    expect(joined).toEqual([stays.participantId]);
    heard.stop();
    await database.close();
  });

  it('forget the sockets of others that a room has closed', async () => {
    const [one, two] = [await startNode('keeper'), await startNode('guest')];
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await joinAt(one, meetingId, hostToken);
    const [leaves, removed] = [await joinAt(two, meetingId), await joinAt(two, meetingId)];
    expect(one.rooms.lines).toBe(3);
    leaves.say({ type: 'leave' });
    expect((await leaves.closed).code).toBe(1000);
    await host.ask({ type: 'remove', participantId: removed.participantId });
    expect((await removed.closed).code).toBe(CLOSE_CODES.removed);
    const refused = await knockAt(two, meetingId);
    refused.say({
      type: 'resume',
      participantId: refused.participantId,
      resumeKey: 'x',
      sequence: 0,
    });
    expect((await refused.closed).code).toBe(CLOSE_CODES.notJoined);
    expect(one.rooms.lines).toBe(1);
  });

  it('let go of a room that a newer holder has written', async () => {
    const node = await startNode('five');
    const { meetingId } = await createMeeting(amphi.base);
    const guest = await joinAt(node, meetingId);
    await redis.hset(`amphi:room:{${meetingId}}`, 'fence', String(Date.now() * 2));
    guest.say({ type: 'hand-raise' });
    expect((await guest.closed).code).toBe(1012);
    await until('the room to be let go of', () => node.rooms.size === 0);
  });
});

describe('the sockets of an account', () => {
  /** A device of this session at that node. */
  async function deviceAt(node: SignalingNode, who: SignedIn): Promise<Device> {
    const device = new Device((await people.address(who)).replace(/^ws:\/\/[^/]+/, node.base));
    await device.next('hello');
    return device;
  }

  it('end with their session on all nodes, and those of other sessions stay', async () => {
    const node = await startNode('six');
    const first = await people.signUp('sue');
    const second = await people.signIn(first);
    const mine = [await people.device(first), await deviceAt(node, first)];
    const others = [await people.device(second), await deviceAt(node, second)];
    const late = await people.address(first);
    await people.call('DELETE', '/api/sessions/current', { token: first.token });
    for (const device of mine) expect(await device.closed).toBe(CLOSE_CODES.signedOut);
    for (const device of others) await device.settled();
    // Nor does a token that was handed out before.
    const refused = new Device(late);
    await refused.closed;
    expect(refused.events).toEqual([]);
  });

  it('end with the password by which they were opened, and those of the new one stay', async () => {
    const node = await startNode('seven');
    const first = await people.signUp('tom');
    const second = await people.signIn(first);
    const devices = [
      await people.device(first),
      await deviceAt(node, first),
      await deviceAt(node, second),
    ];
    const password = 'another horse';
    const body = { password, currentPassword: PASSWORD };
    await people.call('PATCH', '/api/users/me', { body, token: second.token });
    for (const device of devices) expect(await device.closed).toBe(CLOSE_CODES.signedOut);
    const { email } = first.user;
    const again = await people.call('POST', '/api/sessions', { body: { email, password } });
    await (await deviceAt(node, again.value as SignedIn)).settled();
  });

  it('end also when their node did not hear of it', async () => {
    const node = await startNode('eight');
    const who = await people.signUp('una');
    const device = await deviceAt(node, who);
    const { jti } = JSON.parse(
      Buffer.from(who.token.split('.')[1] ?? '', 'base64url').toString(),
    ) as { jti: string };
    await redis.set(`amphi:session-ended:${jti}`, '1', 'EX', 60);
    await device.settled();
    await redis.client('KILL', 'TYPE', 'pubsub');
    expect(await device.closed).toBe(CLOSE_CODES.signedOut);
  });
});
