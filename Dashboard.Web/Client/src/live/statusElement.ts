import { age } from '../format.js';
import { live } from './live.js';
import type { LiveReport, LiveState } from './status.js';
import css from './status.css';
import { adopt } from '../styles.js';

const words: Record<LiveState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  late: 'No data',
  reconnecting: 'Reconnecting',
  signedOut: 'Signed out',
};

/**
 * `<live-status>`: whether the numbers on the page are live, and how old they are. It lives without the page's own circuit, so that it
 * tells the truth when the server is gone. With the attribute `banner` it is hidden while all is well and a full-width warning otherwise; with `follow`
 * it follows the topology itself, for pages on which nothing else does.
 */
export class LiveStatusElement extends HTMLElement {
  readonly #onReport = (event: Event): void => this.#show((event as CustomEvent<LiveReport>).detail);
  readonly #onMoment = (): void => this.#show(live().status.report);
  #end: (() => void) | null = null;
  #word: HTMLElement | null = null;
  #age: HTMLElement | null = null;

  connectedCallback(): void {
    adopt(css);
    this.classList.add('live-status');
    this.#word = document.createElement('span');
    this.#word.setAttribute('role', 'status');
    this.#age = document.createElement('span');
    this.#age.className = 'live-status-age';
    // Read out only when the words change: an age that counts up every second would never let a screen reader rest.
    this.#age.setAttribute('aria-live', 'off');
    const mark = document.createElement('span');
    mark.className = 'live-status-mark';
    mark.setAttribute('aria-hidden', 'true');
    this.replaceChildren(mark, this.#word, this.#age);
    live().status.addEventListener('report', this.#onReport);
    live().status.addEventListener('moment', this.#onMoment);
    if (this.hasAttribute('follow')) this.#end = live().topology(() => undefined);
    this.#show(live().status.report);
  }

  disconnectedCallback(): void {
    this.#end?.();
    this.#end = null;
    live().status.removeEventListener('report', this.#onReport);
    live().status.removeEventListener('moment', this.#onMoment);
  }

  #show(report: LiveReport): void {
    const banner = this.hasAttribute('banner');
    const storeAway = report.state === 'live' && report.registryAge !== null;
    const past = !banner && live().at !== null;
    const kind = past ? 'past' : storeAway ? 'store' : report.state;
    this.dataset['state'] = kind;
    this.hidden = banner && (kind === 'live' || kind === 'connecting');
    const word = past ? 'The past' : banner ? sentence(report, storeAway) : storeAway ? 'Registry offline' : words[report.state];
    if (this.#word && this.#word.textContent !== word) this.#word.textContent = word;
    const seconds = storeAway ? report.registryAge : report.age;
    const shown = past || seconds === null ? '' : report.state === 'live' && !storeAway ? age(Math.max(seconds, 0)) : `${age(seconds)} old`;
    if (this.#age && this.#age.textContent !== shown) this.#age.textContent = shown;
  }
}

function sentence(report: LiveReport, storeAway: boolean): string {
  if (storeAway) return 'The registry\u2019s database is away: reading goes on, changes are refused.';
  switch (report.state) {
    case 'signedOut': return 'You are signed out. Reload the page to sign in again.';
    case 'reconnecting': return 'Connection lost, reconnecting. What you see is the last known state.';
    case 'late': return 'Connected, but no data arrives. What you see is the last known state.';
    default: return '';
  }
}
