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

  #draw(values: readonly (number | null)[]): void {
    const known = values.filter(value => value !== null);
    const top = Math.max(1, ...known);
    const step = width / (seconds - 1);
    const from = seconds - values.length;
    // What is unknown is a gap, and not zero.
    let [line, fill, begun] = ['', '', ''];
    values.forEach((value, index) => {
      const x = ((from + index) * step).toFixed(1);
      if (value !== null) {
        line += `${begun ? 'L' : 'M'}${x} ${(height - 1.5 - value / top * (height - 3)).toFixed(1)}`;
        fill += `${begun ? 'L' : `M${x} ${height}L`}${x} ${(height - 1.5 - value / top * (height - 3)).toFixed(1)}`;
        begun ||= x;
      }
      if (begun && (value === null || index === values.length - 1)) {
        fill += `L${((from + (value === null ? index - 1 : index)) * step).toFixed(1)} ${height}Z`;
        begun = '';
      }
    });
    this.#line?.setAttribute('d', line);
    this.#fill?.setAttribute('d', fill);
    this.setAttribute('aria-label', known.length > 0 ? `up to ${rate(Math.max(...known))} requests per second in the last minute` : live().at === null ? 'no requests seen' : 'unknown');
  }
}

