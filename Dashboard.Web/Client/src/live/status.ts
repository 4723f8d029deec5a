import type { FrameHead } from '../frames.js';

/** `late`: connected, but the frames have stopped. `signedOut`: the server asks for a sign-in. */
export type LiveState = 'connecting' | 'live' | 'late' | 'reconnecting' | 'signedOut';

export interface LiveReport {
  readonly state: LiveState;
  /** Seconds since the last frame; null before the first. */
  readonly age: number | null;
  /** Seconds for which the server has been without its registry store; null while it has it. */
  readonly registryAge: number | null;
}

const lateAfter = 3000;

/** What the tab knows of its connection. Reports once a second and on every change, on itself and as `dashboard:live` on the document. */
export class LiveStatus extends EventTarget {
  #connected = false;
  #signedOut = false;
  #everConnected = false;
  #lastFrame: number | null = null;
  #lastServerTime = 0;
  #staleSince: number | null = null;
  #reported: LiveState = 'connecting';

  constructor() {
    super();
    setInterval(() => this.#publish(), 1000);
  }

  get report(): LiveReport {
    const sinceFrame = this.#lastFrame === null ? null : performance.now() - this.#lastFrame;
    return {
      state: this.#state(sinceFrame),
      age: sinceFrame === null ? null : sinceFrame / 1000,
      registryAge: this.#staleSince === null ? null : Math.max(0, this.#lastServerTime - this.#staleSince + (sinceFrame ?? 0)) / 1000,
    };
  }

  connected(): void {
    this.#connected = this.#everConnected = true;
    this.#signedOut = false;
    this.#lastFrame ??= performance.now();
    this.#publish();
  }

  disconnected(signedOut: boolean): void {
    this.#connected = false;
    this.#signedOut = signedOut;
    this.#publish();
  }

  received(frame: FrameHead): void {
    this.#lastFrame = performance.now();
    this.#lastServerTime = frame.at;
    this.#staleSince = frame.staleSince;
    if (this.#reported !== 'live') this.#publish();
  }

  #state(sinceFrame: number | null): LiveState {
    if (this.#signedOut) return 'signedOut';
    if (!this.#connected) return this.#everConnected ? 'reconnecting' : 'connecting';
    return sinceFrame !== null && sinceFrame > lateAfter ? 'late' : 'live';
  }

  #publish(): void {
    const report = this.report;
    this.#reported = report.state;
    this.dispatchEvent(new CustomEvent('report', { detail: report }));
    document.dispatchEvent(new CustomEvent<LiveReport>('dashboard:live', { detail: report }));
  }
}
