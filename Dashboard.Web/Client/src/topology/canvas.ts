import cytoscape, { type Core, type ElementDefinition } from 'cytoscape';
import { live } from '../live/live.js';
import type { ServiceState } from '../live/serviceState.js';
import type { TopologyState } from '../live/topologyState.js';
import { adopt } from '../styles.js';
import { calm, onThemeChange, paletteAt } from '../theme.js';
import { Arrangement } from './arrange.js';
import css from './canvas.css';
import { controls } from './controls.js';
import { Inspector } from './inspector.js';
import { onKeys } from './keyboard.js';
import { legend } from './legend.js';
import { Marks, nodeFacts, sceneNote, type MarkData } from './marks.js';
import { buildScene, type Scene, type SceneNode } from './scene.js';
import { stylesheet } from './style.js';
import { defaultView, type View } from './view.js';

/** What the canvas asks of the page around it. */
export interface CanvasEvents {
  open(service: string): void;
  /** The operator asked for another view; the page answers with `setView`, once it has it in the URL. */
  change(view: Partial<View>): void;
}

const empty: Scene = { nodes: [], edges: [], services: 0, shown: 0, grouped: false };

/** The topology as a canvas: draws what the live frames say, under the view that the page asks for. */
export class TopologyCanvas {
  readonly #cy: Core;
  readonly #arrangement: Arrangement;
  readonly #inspector: Inspector;
  readonly #note: HTMLElement;
  readonly #speech: HTMLElement;
  readonly #legend: HTMLDetailsElement;
  readonly #ends: (() => void)[] = [];
  readonly #expanded = new Map<string, { state: ServiceState; end: () => void }>();
  #marks: Marks;
  #state: TopologyState | null = null;
  #scene: Scene = empty;
  #byId = new Map<string, SceneNode>();
  #view: View = defaultView;
  #chosen: string | null = null;
  #scheduled = 0;
  #viewportTouched = false;

  constructor(readonly host: HTMLElement, readonly events: CanvasEvents, view: Partial<View>) {
    adopt(css);
    host.classList.add('topo');
    const surface = element('div', 'topo-surface');
    surface.tabIndex = 0;
    surface.setAttribute('role', 'application');
    surface.setAttribute('aria-roledescription', 'service graph');
    surface.setAttribute('aria-label', 'Topology. Arrow keys move between services, Enter opens one, F focuses, E expands, T shows the same as a table.');
    this.#note = element('div', 'topo-note');
    this.#speech = element('div', 'topo-speech');
    this.#speech.setAttribute('aria-live', 'polite');
    this.#inspector = new Inspector({
      open: node => this.open(node),
      focus: service => events.change({ focus: service, hops: Math.max(1, this.#view.hops) }),
      expand: service => this.#toggleExpanded(service),
      close: () => this.choose(null),
    });
    host.replaceChildren(surface, this.#note, this.#inspector.element, this.#speech);

    this.#marks = new Marks(paletteAt(host));
    this.#cy = cytoscape({
      container: surface, style: stylesheet(this.#marks.palette), minZoom: 0.08, maxZoom: 3, boxSelectionEnabled: false, selectionType: 'single',
      autounselectify: true, pixelRatio: 'auto',
    });
    this.#view = { ...defaultView, ...view };
    this.#arrangement = new Arrangement(this.#cy, this.#view.grouping, () => this.#afterPlacing());
    this.#legend = legend(() => this.#marks.palette);
    host.append(controls({
      zoom: factor => this.zoom(factor), fit: () => this.fit(), again: () => { this.#viewportTouched = false; this.#arrangement.again(this.#scene); },
    }), this.#legend);
    this.#listen(surface);
    this.#syncExpanded();
    this.#ends.push(live().topology(state => { this.#state = state; this.#schedule(); }));
  }

  setView(view: Partial<View>): void {
    const next = { ...defaultView, ...view };
    const regrouped = next.grouping !== this.#view.grouping;
    const reshaped = regrouped || next.focus !== this.#view.focus || next.hops !== this.#view.hops || next.namespace !== this.#view.namespace || next.filter !== this.#view.filter;
    this.#view = next;
    if (regrouped) {
      this.#cy.elements().remove();
      this.#arrangement.use(next.grouping);
    }
    if (reshaped) this.#viewportTouched = false;
    this.#syncExpanded();
    this.#sync();
    if (reshaped) this.fit();
  }

  choose(id: string | null): void {
    this.#cy.elements('.chosen, .near').removeClass('chosen near');
    this.#chosen = id;
    const node = id === null ? undefined : this.#byId.get(id);
    if (id !== null) {
      const drawn = this.#cy.getElementById(id);
      drawn.addClass('chosen');
      drawn.connectedEdges().addClass('near');
    }
    this.#inspect();
    this.#speech.textContent = node ? `${node.title}: ${nodeFacts(node).map(([label, value]) => `${label} ${value}`).join(', ')}` : '';
  }

  open(node: SceneNode): void {
    const { kind, name } = node.opens;
    if (kind === 'service') this.events.open(name);
    else if (kind === 'namespace') this.events.change({ namespace: name });
    else if (kind === 'search') this.events.change({ search: name });
  }

  fit(): void {
    this.#viewportTouched = false;
    const drawn = this.#cy.elements().not('.unplaced');
    if (drawn.empty()) return;
    const { width, height } = this.host.getBoundingClientRect();
    const pad = Math.min(48, width * 0.06);
    // Where there is width enough, the legend and the buttons cover nothing.
    const legendWidth = this.#legend.open && width >= 1000 ? this.#legend.offsetWidth : 0;
    const [left, right] = [pad + legendWidth, pad + 28];
    const [top, bottom] = [pad + (this.#note.hidden ? 0 : this.#note.offsetHeight), pad];
    const box = drawn.boundingBox({});
    const zoom = Math.max(this.#cy.minZoom(), Math.min(1.25, (width - left - right) / box.w, (height - top - bottom) / box.h));
    this.#cy.viewport({
      zoom, pan: { x: (width + left - right) / 2 - zoom * (box.x1 + box.w / 2), y: (height + top - bottom) / 2 - zoom * (box.y1 + box.h / 2) },
    });
  }

  zoom(factor: number): void {
    this.#viewportTouched = true;
    this.#cy.zoom({ level: this.#cy.zoom() * factor, renderedPosition: { x: this.#cy.width() / 2, y: this.#cy.height() / 2 } });
  }

  dispose(): void {
    cancelAnimationFrame(this.#scheduled);
    for (const end of this.#ends) end();
    for (const { end } of this.#expanded.values()) end();
    this.#arrangement.dispose();
    this.#cy.destroy();
    this.host.replaceChildren();
  }

  #listen(surface: HTMLElement): void {
    const cy = this.#cy;
    cy.on('tap', 'node', event => { this.choose((event.target as cytoscape.NodeSingular).id()); surface.focus({ preventScroll: true }); });
    cy.on('dbltap', 'node', event => { const node = this.#byId.get((event.target as cytoscape.NodeSingular).id()); if (node) this.open(node); });
    cy.on('tap', event => { if (event.target === cy) this.choose(null); });
    cy.on('tap', 'edge', event => this.#chooseEdge((event.target as cytoscape.EdgeSingular).id()));
    cy.on('mouseover', 'edge', event => { (event.target as cytoscape.EdgeSingular).addClass('labelled'); });
    cy.on('mouseout', 'edge', event => { if (!this.#labelsShown()) (event.target as cytoscape.EdgeSingular).removeClass('labelled'); });
    cy.on('mouseover', 'node', event => { surface.style.cursor = 'pointer'; (event.target as cytoscape.NodeSingular).connectedEdges().addClass('labelled'); });
    cy.on('mouseout', 'node', event => {
      surface.style.cursor = '';
      if (!this.#labelsShown()) (event.target as cytoscape.NodeSingular).connectedEdges().removeClass('labelled');
    });
    cy.on('dragfree', 'node', event => {
      const node = event.target as cytoscape.NodeSingular;
      this.#arrangement.settle();
      node.union(node.descendants()).forEach(moved => { this.#arrangement.keep(moved.id(), moved.position()); });
    });
    cy.on('dragpan scrollzoom pinchzoom', () => { this.#viewportTouched = true; });
    cy.on('zoom', () => this.#showLabels());
    this.#ends.push(onKeys(surface, {
      graph: cy, chosen: () => this.#chosen, choose: id => this.choose(id),
      open: id => { const node = this.#byId.get(id); if (node) this.open(node); },
      focus: id => this.#withService(id, service => this.events.change({ focus: this.#view.focus === service ? null : service })),
      expand: id => this.#withService(id, service => this.#toggleExpanded(service)),
      zoom: factor => this.zoom(factor), fit: () => this.fit(),
    }));
    this.#ends.push(onThemeChange(() => this.#retheme()));
    const resized = new ResizeObserver(() => { cy.resize(); if (!this.#viewportTouched) this.fit(); });
    resized.observe(surface);
    this.#ends.push(() => resized.disconnect());
  }

  #retheme(): void {
    this.#marks = new Marks(paletteAt(this.host));
    this.#cy.style(stylesheet(this.#marks.palette));
    this.#sync();
  }

  #syncExpanded(): void {
    const wanted = new Set(this.#view.expanded);
    for (const [service, { end }] of this.#expanded) {
      if (wanted.has(service)) continue;
      end();
      this.#expanded.delete(service);
    }
    for (const service of wanted) {
      if (this.#expanded.has(service)) continue;
      const end = live().service(service, state => {
        const held = this.#expanded.get(service);
        if (held) held.state = state;
        this.#schedule();
      });
      this.#expanded.set(service, { state: null as unknown as ServiceState, end });
    }
  }

  #toggleExpanded(service: string): void {
    const expanded = this.#view.expanded;
    this.events.change({ expanded: expanded.includes(service) ? expanded.filter(name => name !== service) : [...expanded, service] });
  }

  #withService(id: string, act: (service: string) => void): void {
    const opens = this.#byId.get(id)?.opens;
    if (opens?.kind === 'service') act(opens.name);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = requestAnimationFrame(() => { this.#scheduled = 0; this.#sync(); });
  }

  #sync(): void {
    if (!this.#state) return;
    const expanded = new Map([...this.#expanded].filter(([, held]) => held.state).map(([name, held]) => [name, held.state]));
    this.#scene = buildScene(this.#state, expanded, this.#view);
    this.#byId = new Map(this.#scene.nodes.map(node => [node.id, node]));
    const grown = this.#draw();
    this.#arrangement.arrange(this.#scene, grown);
    this.#arrangement.makeRoom(this.#scene);
    this.#dim();
    this.#inspect();
    this.#showLabels();
    const note = sceneNote(this.#scene, this.#view.grouping === 'zone');
    this.#note.hidden = note === null;
    if (note !== null && this.#note.textContent !== note) this.#note.textContent = note;
  }

  /** Brings the drawn elements in line with the scene, touching only what differs. True when something was added. */
  #draw(): boolean {
    const cy = this.#cy;
    const now = this.#state!.at;
    const wanted = new Map<string, { group: 'nodes' | 'edges'; data: MarkData }>();
    for (const node of this.#scene.nodes) wanted.set(node.id, { group: 'nodes', data: this.#marks.node(node, now, this.#scene.nodes.length > 120) });
    for (const edge of this.#scene.edges) wanted.set(edge.id, { group: 'edges', data: this.#marks.edge(edge) });
    const added: ElementDefinition[] = [];
    cy.batch(() => {
      // A mark that becomes a box, or changes its box, is drawn anew: an element cannot change its kind.
      cy.elements().filter(drawn => {
        const want = wanted.get(drawn.id());
        return !want || want.data['kind'] !== drawn.data('kind') || want.data['parent'] !== drawn.data('parent');
      }).remove();
      for (const [id, { group, data }] of wanted) {
        const drawn = cy.getElementById(id);
        if (drawn.empty()) {
          const place = this.#arrangement.positionOf(id);
          added.push(group === 'edges' ? { group, data } : { group, data, ...(place ? { position: { ...place } } : {}), ...(place || data['kind'] === 'box' ? {} : { classes: 'unplaced' }) });
        } else {
          for (const key in data) if (drawn.data(key) !== data[key]) drawn.data(key, data[key]);
        }
      }
      if (added.length > 0) cy.add(added);
    });
    return added.length > 0;
  }

  #dim(): void {
    const search = this.#view.search.trim().toLowerCase();
    this.#cy.batch(() => {
      this.#cy.nodes().forEach(drawn => {
        const title = this.#byId.get(drawn.id())?.title ?? '';
        drawn.toggleClass('dim', search !== '' && !drawn.isParent() && !title.toLowerCase().includes(search) && !(drawn.data('parent') as string | undefined)?.toLowerCase().includes(search));
      });
      this.#cy.edges().forEach(edge => { edge.toggleClass('dim', search !== '' && (edge.source().hasClass('dim') || edge.target().hasClass('dim'))); });
    });
  }

  #chooseEdge(id: string): void {
    this.choose(null);
    this.#chosen = id;
    this.#cy.getElementById(id).addClass('near');
    this.#inspect();
  }

  #inspect(): void {
    const node = this.#chosen === null ? undefined : this.#byId.get(this.#chosen);
    const edge = node || this.#chosen === null ? undefined : this.#scene.edges.find(e => e.id === this.#chosen);
    if (node) this.#inspector.showNode(node, this.#view);
    else if (edge) this.#inspector.showEdge(edge.edge);
    else this.#inspector.hide();
  }

  #labelsShown(): boolean { return this.#cy.zoom() >= 1.1 && this.#cy.edges().length <= 80; }

  #showLabels(): void {
    const shown = this.#labelsShown();
    this.#cy.batch(() => { this.#cy.edges().forEach(edge => { edge.toggleClass('labelled', shown); }); });
  }

  #afterPlacing(): void {
    if (this.#viewportTouched) return;
    if (calm()) this.fit();
    else setTimeout(() => { if (!this.#viewportTouched && !this.#cy.destroyed()) this.fit(); }, 280);
    this.fit();
  }
}

function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
