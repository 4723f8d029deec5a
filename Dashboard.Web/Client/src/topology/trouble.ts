import { percent } from '../format.js';
import type { TopologyState } from '../live/topologyState.js';
import type { Palette } from '../theme.js';
import { badge, dataUri, stateWords, svg } from './ring.js';
import { badErrors, someErrors } from './marks.js';
import { isWell, serviceState, severity, type MarkState } from './states.js';
import { isTroubled } from './visible.js';

const rowsShown = 6;

export interface Trouble { readonly service: string; readonly state: MarkState; readonly words: string }

/** What an engineer looks at first, the worst first: all that `Only trouble` shows. */
export function troubles(state: TopologyState): readonly Trouble[] {
  const found: (Trouble & { readonly rank: number })[] = [];
  for (const node of state.nodes.values()) {
    if (!isTroubled(state, node.service)) continue;
    const mark = serviceState(node);
    const errors = state.trafficOf(node.service).errorRate ?? 0;
    const words = [isWell(mark) ? '' : mark === 'draining' ? `${node.draining} draining` : `${node.eligible} of ${node.total} eligible`, errors >= someErrors ? `${percent(errors)} errors` : ''];
    // Failing at 5 % is as bad as being degraded; among equals those that fail or lack more, in coarse steps, so that rows do not dance.
    const rank = Math.max(isWell(mark) ? 0 : severity.indexOf(mark), errors >= badErrors ? severity.indexOf('degraded') : 0) * 100 + step(errors) * 10 + (node.total === 0 ? 0 : Math.round((1 - node.eligible / node.total) * 9));
    found.push({ service: node.service, state: mark, words: words.filter(Boolean).join(', '), rank });
  }
  return found.sort((a, b) => b.rank - a.rank || a.service.localeCompare(b.service));
}

function step(errors: number): number { return [0.01, 0.05, 0.2, 0.5].filter(limit => errors >= limit).length; }

/** In a mesh where not every service has a mark of its own: the services in trouble by name, each one key away. */
export class TroubleList {
  readonly element = document.createElement('details');
  readonly #title = document.createElement('summary');
  readonly #list = document.createElement('ul');
  readonly #more = document.createElement('button');
  #shown = '';

  constructor(open: (service: string) => void, all: () => void) {
    this.element.className = 'topo-trouble';
    // On a phone the drawing has the room; how many there are is said anyway.
    this.element.open = innerWidth >= 700;
    this.element.hidden = true;
    this.#more.type = 'button';
    this.#more.addEventListener('click', all);
    this.#list.addEventListener('click', event => {
      const service = (event.target as HTMLElement).closest('button')?.dataset['service'];
      if (service) open(service);
    });
    this.element.append(this.#title, this.#list, this.#more);
  }

  /** @param all The worst first. */
  show(all: readonly Trouble[], palette: Palette): void {
    const rows = all.slice(0, rowsShown);
    const shown = rows.map(row => `${row.service}/${row.state}/${row.words}`).join('|') + all.length + palette.panic;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.hidden = rows.length === 0;
    this.#title.textContent = `${all.length} in trouble`;
    // Rows are reused, so that a focus stays where it is while facts move.
    while (this.#list.children.length > rows.length) this.#list.lastElementChild!.remove();
    rows.forEach((row, index) => {
      let item = this.#list.children[index];
      if (!item) this.#list.append(item = emptyRow());
      const button = item.firstElementChild as HTMLButtonElement;
      const [image, name, words] = [...button.children] as [HTMLImageElement, HTMLElement, HTMLElement];
      button.dataset['service'] = row.service;
      // What is well by its checks and fails its callers is no less ill.
      image.src = dataUri(svg(22, badge(isWell(row.state) ? 'degraded' : row.state, palette)));
      image.alt = isWell(row.state) ? 'failing' : stateWords[row.state];
      if (name.textContent !== row.service) name.textContent = row.service;
      if (words.textContent !== row.words) words.textContent = row.words;
    });
    this.#more.hidden = all.length <= rows.length;
    this.#more.textContent = `Show all ${all.length} in trouble`;
  }

  hide(): void {
    this.element.hidden = true;
    this.#shown = '';
  }
}

function emptyRow(): HTMLElement {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  const image = document.createElement('img');
  image.width = image.height = 18;
  button.append(image, document.createElement('strong'), document.createElement('span'));
  item.append(button);
  return item;
}
