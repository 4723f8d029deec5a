import { live } from '../live/live.js';
import { rate } from '../format.js';
import { adopt } from '../styles.js';
import css from './charts.css';

const seconds = 60;
const width = 120;
const height = 24;

/**
 * `<rps-sparkline service="orders" instance="orders-1">`: requests per second over the last minute. Without `instance`, the whole service's.
 * A picture beside a number: the number itself stands in the page.
 */
export class RpsSparkline extends HTMLElement {
  static readonly observedAttributes = ['service', 'instance'];
  #end: (() => void) | null = null;
  #line: SVGPathElement | null = null;
  #fill: SVGPathElement | null = null;

  connectedCallback(): void {
    adopt(css);
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    this.#fill = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    this.#fill.classList.add('spark-fill');
    this.#line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    this.#line.classList.add('spark-line');
    svg.append(this.#fill, this.#line);
    this.setAttribute('role', 'img');
    this.replaceChildren(svg);
    this.#follow();
  }

  disconnectedCallback(): void {
    this.#end?.();
    this.#end = null;
  }

  attributeChangedCallback(): void {
    if (this.isConnected && this.#line) this.#follow();
  }

  #follow(): void {
    this.#end?.();
    const service = this.getAttribute('service');
    const instance = this.getAttribute('instance');
    this.#end = service ? live().service(service, state => this.#draw(instance ? state.history.get(instance) ?? [] : state.samples.slice(-seconds).map(s => s.rps))) : null;
  }

  #draw(values: readonly number[]): void {
    const top = Math.max(1, ...values);
    const step = width / (seconds - 1);
    const from = seconds - values.length;
    const points = values.map((value, index) => `${((from + index) * step).toFixed(1)} ${(height - 1.5 - value / top * (height - 3)).toFixed(1)}`);
    const path = points.length > 0 ? `M${points.join('L')}` : '';
    this.#line?.setAttribute('d', path);
    this.#fill?.setAttribute('d', path && `${path}L${width} ${height}L${(from * step).toFixed(1)} ${height}Z`);
    this.setAttribute('aria-label', values.length > 0 ? `up to ${rate(Math.max(...values))} requests per second in the last minute` : 'no requests seen');
  }
}

