import { HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { readServiceFrame, readTopologyFrame } from '../frames.js';
import { backoff } from './backoff.js';
import { ServiceState } from './serviceState.js';
import { LiveStatus } from './status.js';
import { TopologyState } from './topologyState.js';

type Listener<T> = (state: T) => void;

/** A subscription held by one or more listeners; `fresh` is false until its first full frame, and again after a gap. */
interface Stream<T> {
  readonly state: T;
  readonly listeners: Set<Listener<T>>;
  fresh: boolean;
  /** As it was at the moment that is looked at; null until it has come. */
  past: T | null;
}

/** The moment that the address names, in Unix milliseconds; null = now. */
function moment(): number | null {
  const at = Date.parse(new URLSearchParams(location.search).get('at') ?? '');
  return Number.isNaN(at) ? null : at;
}

/**
 * The one hub connection of a browser tab. While a moment of the past is looked at, listeners hear of that alone; what is live goes on underneath. Reconnects for ever, subscribes again after each connect, and asks for a full frame
 * wherever a sequence has a gap.
 */
export class LiveConnection {
  readonly status = new LiveStatus();
  readonly #connection: HubConnection;
  readonly #services = new Map<string, Stream<ServiceState>>();
  #topology: Stream<TopologyState> | null = null;
  #wake: (() => void) | null = null;
  #closed: (() => void) | null = null;
  #running = false;
  #at = moment();

  constructor(url: string) {
    this.#connection = new HubConnectionBuilder()
      .withUrl(url)
      .withHubProtocol(new MessagePackHubProtocol())
      .configureLogging(LogLevel.None)
      .build();
    this.#connection.serverTimeoutInMilliseconds = 15_000;
    this.#connection.keepAliveIntervalInMilliseconds = 5_000;
    this.#connection.onclose(() => this.#closed?.());
    this.#connection.on('topology', raw => this.#onTopology(raw));
    this.#connection.on('service', raw => this.#onService(raw));
  }

  /** The moment that is looked at, in Unix milliseconds; null = now. */
  get at(): number | null { return this.#at; }

  lookAt(at: number | null): void {
    if (at === this.#at) return;
    this.#at = at;
    this.status.dispatchEvent(new Event('moment'));
    if (this.#topology) this.#move(this.#topology);
    for (const stream of this.#services.values()) this.#move(stream);
  }

  /** Calls back with the state now, if there is one, and after every frame. Returns what ends the subscription. */
  topology(listener: Listener<TopologyState>): () => void {
    const stream = this.#topology ??= { state: new TopologyState(), listeners: new Set(), fresh: false, past: null };
    const first = stream.listeners.size === 0;
    stream.listeners.add(listener);
    if (first) this.#begin('SubscribeTopology');
    this.#greet(stream, listener);
    return () => {
      if (!stream.listeners.delete(listener) || stream.listeners.size > 0) return;
      this.#topology = null;
      this.#send('UnsubscribeTopology');
    };
  }

  service(name: string, listener: Listener<ServiceState>): () => void {
    let stream = this.#services.get(name);
    if (!stream) this.#services.set(name, stream = { state: new ServiceState(name), listeners: new Set(), fresh: false, past: null });
    const held = stream;
    const first = held.listeners.size === 0;
    held.listeners.add(listener);
    if (first) this.#begin('SubscribeService', name);
    this.#greet(held, listener);
    return () => {
      if (!held.listeners.delete(listener) || held.listeners.size > 0) return;
      this.#services.delete(name);
      this.#send('UnsubscribeService', name);
    };
  }

  #onTopology(raw: unknown): void {
    const stream = this.#topology;
    if (!stream) return;
    const frame = readTopologyFrame(raw);
    if (!stream.state.apply(frame)) return this.#lost(stream, 'SubscribeTopology');
    stream.fresh = true;
    this.status.received(frame);
    if (this.#at === null) tell(stream);
  }

  #onService(raw: unknown): void {
    const frame = readServiceFrame(raw);
    const stream = this.#services.get(frame.service);
    if (!stream) return;
    if (!stream.state.apply(frame)) return this.#lost(stream, 'SubscribeService', frame.service);
    stream.fresh = true;
    this.status.received(frame);
    if (this.#at === null) tell(stream);
  }

  #move<T extends TopologyState | ServiceState>(stream: Stream<T>): void {
    if (this.#at !== null) return this.#fetch(stream);
    stream.past = null;
    if (stream.fresh) tell(stream);
  }

  #greet<T extends TopologyState | ServiceState>(stream: Stream<T>, listener: Listener<T>): void {
    if (this.#at === null) {
      if (stream.fresh) listener(stream.state);
    } else if (stream.past) {
      listener(stream.past);
    } else {
      this.#fetch(stream);
    }
  }

  // A moment that cannot be shown is told by the page's own banner: the drawing stays as it is. Whatever was lost with the connection is asked for after the next connect.
  #fetch<T extends TopologyState | ServiceState>(stream: Stream<T>): void {
    const at = this.#at;
    if (at === null || this.#connection.state !== HubConnectionState.Connected) return;
    const past: TopologyState | ServiceState = stream.state instanceof TopologyState ? new TopologyState() : new ServiceState(stream.state.service);
    const asked = past instanceof TopologyState ? this.#connection.invoke<unknown>('TopologyAt', at) : this.#connection.invoke<unknown>('ServiceAt', past.service, at);
    asked.then(raw => {
      if (past instanceof TopologyState) past.apply(readTopologyFrame(raw));
      else past.apply(readServiceFrame(raw));
      if (this.#at !== at) return;
      stream.past = past as T;
      tell(stream);
    }).catch(() => undefined);
  }

  // Asks once: until the full frame comes, further deltas are of no use and say nothing new.
  #lost(stream: { fresh: boolean }, method: string, ...args: string[]): void {
    if (!stream.fresh) return;
    stream.fresh = false;
    this.#send(method, ...args);
  }

  #begin(method: string, ...args: string[]): void {
    if (this.#running) this.#send(method, ...args);
    else void this.#run();
  }

  #send(method: string, ...args: string[]): void {
    if (this.#connection.state !== HubConnectionState.Connected) return;
    // A call that fails means that the connection is going: the next connect subscribes again.
    this.#connection.send(method, ...args).catch(() => undefined);
  }

  async #run(): Promise<void> {
    this.#running = true;
    const retryNow = (): void => this.#wake?.();
    addEventListener('online', retryNow);
    document.addEventListener('visibilitychange', () => { if (!document.hidden) retryNow(); });
    for (let attempt = 0; ; attempt++) {
      const closed = new Promise<void>(resolve => { this.#closed = resolve; });
      try {
        await this.#connection.start();
        attempt = 0;
        this.status.connected();
        this.#subscribeAgain();
        await closed;
        this.status.disconnected(false);
      } catch (error) {
        this.status.disconnected(isUnauthorized(error));
      }
      await this.#pause(backoff(attempt));
    }
  }

  #subscribeAgain(): void {
    if (this.#topology) {
      this.#topology.fresh = false;
      this.#send('SubscribeTopology');
      if (!this.#topology.past) this.#fetch(this.#topology);
    }
    for (const [name, stream] of this.#services) {
      stream.fresh = false;
      this.#send('SubscribeService', name);
      if (!stream.past) this.#fetch(stream);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(done, milliseconds);
      this.#wake = done;
      function done(): void { clearTimeout(timer); resolve(); }
    });
  }
}

function tell<T>(stream: Stream<T>): void {
  for (const listener of stream.listeners) listener(stream.past ?? stream.state);
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof Error && /\b40[13]\b|unauthori[sz]ed/i.test(error.message);
}
