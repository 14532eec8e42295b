import type { Agreed, CallEvent, CallMedia, Capabilities } from '#contracts';
import { call, Problem, textOf } from '../api/client.ts';
import { capabilitiesOf } from '../room/media/capabilities.ts';
import { LocalMedia } from '../room/media/local-media.ts';
import { readKept } from '../room/preferences.ts';
import type { RoomSession } from '../room/room-session.ts';
import { Store } from '../room/state/store.ts';
import { announce, hush } from '../ui/announce.ts';
import { agreedPicture } from './agreed-picture.ts';
import { CallLine } from './call-line.ts';
import { onNetwork, thisNetwork } from './network.ts';
import { notifyOfCall } from './notification.ts';
import { Ringer, ringOf } from './ringer.ts';
import {
  type CallsEvent,
  type CallsState,
  type CurrentCall,
  initialCalls,
  type Peer,
  type Room,
  reduceCalls,
} from './state/calls-state.ts';

export interface CallCenterEvents {
  /** Something that is not kept here changed: who one knows, whether they are there, what calls there were. */
  contactsChanged: () => void;
  presenceChanged: (event: Extract<CallEvent, { type: 'presence' }>) => void;
  pastCallsChanged: () => void;
  /** The server does not know this browser's session any more. */
  signedOut: () => void;
}

const loadSession = () => import('../room/room-session.ts');

/** All that an account does on this page: the socket, the one call there can be, and conversations. */
export class CallCenter {
  readonly state = new Store<CallsState>(initialCalls);
  /** The room of the call that goes on. */
  readonly session = new Store<RoomSession | undefined>(undefined);
  /** What this device gives to the call; there as soon as one calls or answers. */
  readonly local = new Store<LocalMedia | undefined>(undefined);
  readonly #events: CallCenterEvents;
  readonly #line: CallLine;
  readonly #ringer = new Ringer();
  readonly #offs: (() => void)[] = [];
  /** Takes away what tells of a call that comes in. */
  #unnotify: (() => void) | undefined;
  /** Counts the calls of ours. */
  #turn = 0;

  constructor(events: CallCenterEvents) {
    this.#events = events;
    this.#line = new CallLine({
      address: (signal) => this.#address(signal),
      onEvent: (event) => this.#heard(event),
      onState: (state) => this.#dispatch({ type: 'socket', state }),
      onEnd: () => this.#dispatch({ type: 'socket', state: 'closed' }),
    });
    const listen = (type: string, listener: () => void) => {
      addEventListener(type, listener);
      this.#offs.push(() => removeEventListener(type, listener));
    };
    listen('online', () => this.#line.reconnectNow());
    const network = thisNetwork();
    const onNetworkChange = () => this.#networkChanged();
    network?.addEventListener('change', onNetworkChange);
    this.#offs.push(() => network?.removeEventListener('change', onNetworkChange));
    listen('pagehide', () => this.hangUp());
  }

  /** Calls a contact. A screen is chosen first: browsers ask while something is being pressed. */
  async call(peer: Peer, media: CallMedia): Promise<void> {
    const before = this.state.get().call;
    if (before !== undefined && before.phase !== 'failed') return;
    const local = this.#take(media === 'video');
    if (media === 'screen') {
      await local.share();
      // Another call has taken its place meanwhile, or this one was asked for twice.
      if (this.local.get() !== local) return;
      if (local.state.tracks.screen === undefined) {
        const { problem } = local.state;
        this.#letGo();
        if (problem !== undefined) this.#dispatch({ type: 'note', note: problem.text });
        return;
      }
    }
    this.#dispatch({ type: 'call', peer, media });
    if (this.state.get().call?.phase !== 'calling') {
      this.#letGo();
      return;
    }
    local.open();
    loadSession();
    const mine = ++this.#turn;
    try {
      const { callId } = await this.#line.request({
        type: 'call',
        to: peer.userId,
        media,
        capabilities: borne(),
      });
      if (callId === undefined) return;
      const isWanted = mine === this.#turn && this.state.get().call !== undefined;
      if (isWanted) this.#dispatch({ type: 'called', callId });
      // Given up before the server had answered.
      else this.#send({ type: 'cancel', callId });
    } catch (error) {
      const isWanted = mine === this.#turn && this.state.get().call?.phase === 'calling';
      if (isWanted) this.#dispatch({ type: 'refused', detail: textOf(error) });
    }
  }

  /** Answers what rings, with the camera or without. */
  accept(withCamera: boolean): void {
    const { call } = this.state.get();
    if (call?.phase !== 'incoming') return;
    this.#take(withCamera).open();
    loadSession();
    this.#dispatch({ type: 'answer' });
    this.#line
      .request({ type: 'accept', callId: call.callId, capabilities: borne() })
      .catch((error: unknown) => {
        if (this.state.get().call?.phase !== 'answering') return;
        this.#dispatch({ type: 'refused', detail: textOf(error) });
      });
  }

  /** Does not answer what rings; it stops on all devices. */
  decline(): void {
    const { call } = this.state.get();
    if (call?.phase !== 'incoming') return;
    this.#send({ type: 'decline', callId: call.callId });
    this.#dispatch({ type: 'gone' });
  }

  /** Ends a call of ours, or one that was answered; a failed one is dismissed. What rings goes on. */
  hangUp(note?: string): void {
    const { call } = this.state.get();
    if (call === undefined || call.phase === 'incoming') return;
    if (call.phase === 'calling' && call.callId !== undefined) {
      this.#send({ type: 'cancel', callId: call.callId });
    } else if (call.phase === 'answering' || call.phase === 'active') {
      this.#send({ type: 'hang-up', callId: call.callId });
    }
    this.#dispatch({ type: 'gone', ...(note === undefined ? {} : { note }) });
  }

  dismissNote(): void {
    this.#dispatch({ type: 'note', note: undefined });
  }

  seeMissed(): void {
    this.#line.request({ type: 'missed-seen' }).then(
      () => {
        this.#dispatch({ type: 'missed-seen' });
        this.#events.pastCallsChanged();
      },
      () => {},
    );
  }

  /** Shows the conversation with somebody, or none. */
  open(userId: string | undefined): void {
    this.#dispatch({ type: 'open', userId });
    if (userId === undefined) return;
    if (this.state.get().conversations[userId] === undefined) this.readOlder(userId);
    this.#send({ type: 'messages-seen', with: userId });
  }

  /** Reads the page before what there is of a conversation. */
  readOlder(userId: string): void {
    const first = this.state.get().conversations[userId]?.messages[0];
    this.#send({
      type: 'message-history',
      with: userId,
      ...(first === undefined ? {} : { before: first.messageId }),
    });
  }

  /** Resolves once the message is kept. Throws `SignalError`. */
  async write(to: string, message: string): Promise<void> {
    await this.#line.request({ type: 'message', to, message });
  }

  close(): void {
    this.hangUp();
    for (const off of this.#offs) off();
    this.#line.close();
    this.#ringer.close();
    this.#unnotify?.();
  }

  async #address(signal: AbortSignal): Promise<string> {
    try {
      const path = '/api/users/me/socket';
      return (await call<{ webSocketUrl: string }>('POST', path, { signal })).webSocketUrl;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.#events.signedOut();
      throw error;
    }
  }

  #heard(event: CallEvent): void {
    const { selfId, openWith, call: before } = this.state.get();
    this.#dispatch({ type: 'heard', event });
    switch (event.type) {
      case 'hello':
        this.#events.contactsChanged();
        this.#events.pastCallsChanged();
        if (openWith !== undefined) this.open(openWith);
        break;
      case 'contacts-changed':
        this.#events.contactsChanged();
        break;
      case 'presence':
        this.#events.presenceChanged(event);
        break;
      case 'call-ended':
        this.#events.pastCallsChanged();
        break;
      case 'call-agreed':
        if (before?.phase === 'active' && before.callId === event.callId)
          this.#settle(event.agreed);
        break;
      case 'call-accepted':
        if (before !== this.state.get().call) this.#enter(event.room, event.agreed);
        break;
      case 'message':
        if (event.from !== selfId && event.from === openWith) {
          this.#send({ type: 'messages-seen', with: event.from });
        }
        break;
    }
  }

  async #enter(room: Room, agreed: Agreed): Promise<void> {
    const local = this.local.get();
    if (local === undefined) return;
    this.#settle(agreed);
    try {
      const { RoomSession } = await loadSession();
      // Hung up meanwhile.
      if (this.local.get() !== local) return;
      const session = new RoomSession(room.meetingId, { ...room, status: 'admitted' }, local);
      // For the console, and for tests that look behind the picture.
      Object.assign(document.getElementById('root') ?? {}, { session });
      this.session.set(session);
    } catch (error) {
      this.hangUp(`The call cannot be shown: ${textOf(error)}`);
    }
  }

  /** Sends what both sides bear, up to what this person wants. */
  #settle(agreed: Agreed): void {
    const local = this.local.get();
    const picture = agreedPicture(readKept().preferences.picture, agreed);
    if (local !== undefined && local.state.preferences.picture !== picture) {
      local.choose({ picture });
    }
  }

  /** The other side is told what this device bears from now on. */
  #networkChanged(): void {
    const { call } = this.state.get();
    if (call?.phase !== 'active') return;
    this.#send({ type: 'capabilities', callId: call.callId, capabilities: borne() });
  }

  /** This device's camera and microphone, for one call. */
  #take(camera: boolean): LocalMedia {
    this.#letGo();
    const local = new LocalMedia({ ...readKept().preferences, microphone: true, camera });
    this.local.set(local);
    return local;
  }

  #letGo(): void {
    // The session closes what this device gave to it.
    this.session.get()?.close();
    this.local.get()?.close();
    this.session.set(undefined);
    this.local.set(undefined);
  }

  #notify(call: CurrentCall | undefined): void {
    if (call?.phase === 'incoming') {
      const { displayName, picture } = call.peer;
      this.#unnotify ??= notifyOfCall(`${displayName} is calling`, picture);
    } else {
      this.#unnotify?.();
      this.#unnotify = undefined;
    }
  }

  #send(message: Parameters<CallLine['request']>[0]): void {
    this.#line.request(message).catch(() => {});
  }

  #dispatch(event: CallsEvent): void {
    const before = this.state.get();
    const state = reduceCalls(before, event);
    if (state === before) return;
    this.state.set(state);
    this.#ringer.set(ringOf(state.call));
    this.#notify(state.call);
    if (takesDevices(before.call) && !takesDevices(state.call)) this.#letGo();
    if (state.note !== undefined && state.note !== before.note) announce(state.note);
    // What was said in the call is of no use after it.
    else if (before.call !== undefined && state.call === undefined) hush();
  }
}

/** What this device bears on the network that it is on now. */
const borne = (): Capabilities => onNetwork(capabilitiesOf(), thisNetwork());

/** Whether camera and microphone are this call's. */
const takesDevices = (call: CurrentCall | undefined): boolean =>
  call !== undefined && call.phase !== 'failed' && call.phase !== 'incoming';
