import type { Edge } from '../frames.js';
import { edgeFacts, nodeFacts, type Fact } from './marks.js';
import type { SceneNode } from './scene.js';
import type { View } from './view.js';

export interface InspectorEvents {
  open(node: SceneNode): void;
  focus(service: string): void;
  expand(service: string): void;
  close(): void;
}

/** The facts of the chosen mark, kept current, with what can be done from here. */
export class Inspector {
  readonly element: HTMLElement;
  readonly #title = document.createElement('h2');
  readonly #facts = document.createElement('dl');
  readonly #actions = document.createElement('div');
  #shown = '';

  constructor(readonly events: InspectorEvents) {
    this.element = document.createElement('section');
    this.element.className = 'topo-inspector';
    this.element.hidden = true;
    this.element.setAttribute('aria-label', 'Chosen in the graph');
    this.#actions.className = 'topo-actions';
    const close = button('Close', () => events.close());
    close.className = 'topo-close';
    close.textContent = '×';
    close.setAttribute('aria-label', 'Close');
    this.element.append(close, this.#title, this.#facts, this.#actions);
  }

  hide(): void {
    this.element.hidden = true;
    this.#shown = '';
  }

  showNode(node: SceneNode, view: View, now: number): void {
    this.#show(node.title, nodeFacts(node, now));
    const expanded = view.expanded.includes(node.title);
    const focused = view.focus === node.title;
    const key = `${node.id}/${expanded}/${focused}`;
    if (this.#shown === key) return;
    this.#shown = key;
    const { kind, name } = node.opens;
    const actions: HTMLElement[] = [];
    if (kind === 'service') {
      actions.push(button('Open', () => this.events.open(node)));
      if (!focused) actions.push(button('Focus', () => this.events.focus(name)));
      actions.push(button(view.expanded.includes(name) ? 'Collapse' : 'Instances', () => this.events.expand(name)));
    } else if (kind !== 'none') {
      actions.push(button('Show its services', () => this.events.open(node)));
    }
    this.#actions.replaceChildren(...actions);
  }

  showEdge(edge: Edge): void {
    this.#show(`${edge.source || 'outside'} → ${edge.target}`, edgeFacts(edge));
    const key = `${edge.source}→${edge.target}`;
    if (this.#shown === key) return;
    this.#shown = key;
    const charts = document.createElement('a');
    charts.href = `/services/${encodeURIComponent(edge.target)}/from/${encodeURIComponent(edge.source)}`;
    charts.textContent = 'Charts';
    this.#actions.replaceChildren(...(edge.source === '' ? [] : [charts]));
  }

  #show(title: string, facts: readonly Fact[]): void {
    this.element.hidden = false;
    if (this.#title.textContent !== title) this.#title.textContent = title;
    // Rows are reused: the numbers change in place and nothing is laid out anew.
    while (this.#facts.children.length > facts.length * 2) this.#facts.lastElementChild!.remove();
    facts.forEach(([label, value, exact], index) => {
      let term = this.#facts.children[index * 2] as HTMLElement | undefined;
      let detail = this.#facts.children[index * 2 + 1] as HTMLElement | undefined;
      if (!term || !detail) this.#facts.append(term = document.createElement('dt'), detail = document.createElement('dd'));
      if (term.textContent !== label) term.textContent = label;
      if (detail.textContent !== value) detail.textContent = value;
      if (detail.title !== (exact ?? '')) detail.title = exact ?? '';
    });
  }
}

export function button(text: string, act: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', act);
  return made;
}
