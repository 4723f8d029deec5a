import cytoscape, { type Core, type NodeCollection } from 'cytoscape';
import { live } from '../live/live.js';
import type { ServiceState } from '../live/serviceState.js';
import type { TopologyState } from '../live/topologyState.js';
import { adopt } from '../styles.js';
import { calm, onThemeChange, paletteAt } from '../theme.js';
import { Arrangement } from './arrange.js';
import css from './canvas.css';
import { controls } from './controls.js';
import { Drawing } from './drawing.js';
import { Inspector } from './inspector.js';
import { onKeys } from './keyboard.js';
import { Labels, smallestMark, usualMark } from './labels.js';
import type { LayoutClient } from './layoutClient.js';
import { foldUnasked, legend } from './legend.js';
import { Marks, nodeFacts, sceneNote } from './marks.js';
import { Minimap } from './minimap.js';
import { onPointer } from './pointer.js';
import { buildScene, isLarge, serviceId, type Scene, type SceneNode } from './scene.js';
import { isWell, severity } from './states.js';
import { stylesheet } from './style.js';
import { TroubleList, troubles } from './trouble.js';
import { defaultView, type View } from './view.js';
import { matcher } from './visible.js';

/** What the canvas asks of the page around it. */
export interface CanvasEvents {
  open(service: string): void;
  /** The operator asked for another view; the page answers with `setView`, once it has it in the URL. */
  change(view: Partial<View>): void;
}

const empty: Scene = { nodes: [], edges: [], quiet: [], services: 0, shown: 0, grouped: false, scope: '', columns: null };
const troublesEvery = 1000;
const movingFor = 300;
const syncWhileMoving = 500;
const foot = 40;
const narrow = 600;

/** The topology as a canvas: draws what the live frames say, under the view that the page asks for. */
export class TopologyCanvas {
  readonly #cy: Core;
  readonly #drawing: Drawing;
  readonly #arrangement: Arrangement;
  readonly #labels: Labels;
  readonly #inspector: Inspector;
  readonly #trouble: TroubleList;
  readonly #minimap: Minimap;
  readonly #note = element('div', 'topo-note');
  readonly #speech = element('div', 'topo-speech');
  readonly #legend: HTMLDetailsElement;
  readonly #ends: (() => void)[] = [];
  readonly #expanded = new Map<string, { state: ServiceState | null; end: () => void }>();
  #marks: Marks;
  #state: TopologyState | null = null;
  #scene: Scene = empty;
  #view: View;
  #chosen: string | null = null;
  /** Chosen by its address alone: brought into view once it is drawn. */
  #sought: string | null = null;
  #dimmed = '';
  #labelled = false;
  #troublesAt = 0;
  #scheduled = 0;
  #later = 0;
  #syncedAt = 0;
  #movedAt = -Infinity;
  #viewportTouched = false;

  constructor(readonly host: HTMLElement, readonly events: CanvasEvents, view: Partial<View>, layout: LayoutClient) {
    adopt(css);
    host.classList.add('topo');
    const surface = element('div', 'topo-surface');
    surface.tabIndex = 0;
    surface.setAttribute('role', 'application');
    surface.setAttribute('aria-roledescription', 'service graph');
    surface.setAttribute('aria-label', 'Topology. Arrow keys move between services, with Shift they move the view; Enter opens one, F focuses, 1 to 3 set how far, E expands, T shows the same as a table.');
    this.#speech.setAttribute('aria-live', 'polite');
    this.#inspector = new Inspector({
      open: node => this.open(node),
      focus: service => events.change({ focus: service, hops: Math.max(1, this.#view.hops) }),
      expand: service => this.#toggleExpanded(service),
      close: () => this.choose(null),
    });
    this.#trouble = new TroubleList(service => this.show(service), () => events.change({ filter: 'trouble' }));
    const side = element('div', 'topo-side');
    host.replaceChildren(surface, side, this.#inspector.element, this.#speech);

    this.#view = { ...defaultView, ...view };
    this.#chosen = this.#sought = this.#view.selected;
    this.#marks = new Marks(paletteAt(host));
    this.#cy = cytoscape({
      container: surface, style: [], minZoom: 0.08, maxZoom: 3, boxSelectionEnabled: false, selectionType: 'single',
      autounselectify: true, pixelRatio: 'auto',
    });
    this.#labels = new Labels(this.#cy, id => this.#rankOf(id), id => this.#drawing.labelOf(id));
    this.#drawing = new Drawing(this.#cy, id => this.#arrangement.positionOf(id));
    this.#arrangement = new Arrangement(this.#cy, layout, () => this.#afterPlacing());
    this.#minimap = new Minimap(this.#cy, id => { const node = this.#drawing.node(id); return node && 'state' in node ? node.state : null; }, () => this.#marks.palette, () => { this.#viewportTouched = true; });
    this.#legend = legend(() => this.#marks.palette);
    this.#dress();
    host.append(this.#minimap.element, controls({
      zoom: factor => this.zoom(factor), fit: () => this.fit(), again: () => { this.#viewportTouched = false; this.#arrangement.again(this.#scene); },
    }));
    side.append(this.#note, this.#trouble.element, this.#legend);
    this.#listen(surface);
    this.#syncExpanded();
    this.#ends.push(live().topology(state => { this.#state = state; this.#schedule(); }));
  }

  setView(view: Partial<View>): void {
    const before = this.#view;
    const next = this.#view = { ...defaultView, ...view };
    const reshaped = next.grouping !== before.grouping || next.focus !== before.focus || next.hops !== before.hops || next.inside !== before.inside || next.filter !== before.filter;
    if (reshaped) this.#viewportTouched = false;
    if (next.selected !== this.#chosen) {
      this.#sought = next.selected;
      this.#mark(next.selected);
    }
    this.#syncExpanded();
    this.#sync();
    if (reshaped) this.fit();
  }

  /** The operator chose a mark, a call or nothing. */
  choose(id: string | null): void {
    if (id === this.#chosen) return;
    this.#mark(id);
    this.#uncover(id);
    this.events.change({ selected: id });
    this.#schedule();
  }

  /** A service by name: chosen where it has a mark, else focused. */
  show(service: string): void {
    const id = serviceId(service);
    if (this.#drawing.node(id)) {
      this.choose(id);
      this.#reveal(id);
    } else {
      this.events.change({ focus: service, hops: 1, inside: null, search: '', filter: 'all', selected: id });
    }
  }

  open(node: SceneNode): void {
    const { kind, name } = node.opens;
    if (kind === 'service') this.events.open(name);
    else if (kind === 'group') this.events.change({ grouping: node.opens.grouping, inside: name, focus: null, selected: null });
  }

  fit(): void {
    this.#viewportTouched = false;
    const drawn = this.#cy.elements().not('.unplaced');
    if (drawn.empty()) return;
    const { width, height } = this.host.getBoundingClientRect();
    const pad = Math.min(48, width * 0.04);
    // Where there is width enough, the legend, the list of troubles and the buttons cover nothing; where there is not, they stand in a line at the foot.
    const wide = width >= 1000;
    const side = Math.max(this.#legend.open && wide ? this.#legend.offsetWidth : 0, !this.#trouble.element.hidden && wide ? this.#trouble.element.offsetWidth : 0);
    const measured = this.#labels.isMeasured;
    const above = wide || this.#trouble.element.hidden ? 0 : Math.min(this.#trouble.element.offsetHeight, height / 3);
    const over = pad + (this.#note.hidden ? 0 : this.#note.offsetHeight) + above;
    const boxed = drawn.nodes(':parent').nonempty() ? 16 : 0;
    const box = measured ? spread(drawn.nodes(':childless')) : drawn.boundingBox({});
    let [left, right, top, bottom, zoom] = [0, 0, 0, 0, 1];
    // Letters and marks that would be too small do not shrink with the drawing: how much room they take depends on how large it becomes.
    for (let round = 0; round < 2; round++) {
      const names = measured ? Math.max(smallestMark, usualMark * zoom) / 2 + 12 : 0;
      [left, right, top, bottom] = [pad + side + names, pad + names + (wide ? 28 : 0), over + names + (measured ? boxed : 0), pad + 1.6 * names + (wide ? 0 : foot)];
      zoom = Math.max(this.#cy.minZoom(), Math.min(1.25, (width - left - right) / box.w, (height - top - bottom) / box.h));
    }
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
    clearTimeout(this.#later);
    for (const end of this.#ends) end();
    for (const { end } of this.#expanded.values()) end();
    this.#minimap.dispose();
    this.#labels.dispose();
    this.#arrangement.dispose();
    this.#cy.destroy();
    this.host.replaceChildren();
  }

  #listen(surface: HTMLElement): void {
    const cy = this.#cy;
    onPointer(cy, surface, {
      choose: id => this.choose(id), open: id => this.#withNode(id, node => this.open(node)), labelsShown: () => this.#labelled,
      moved: () => { this.#viewportTouched = true; },
      dropped: nodes => {
        this.#arrangement.settle();
        nodes.forEach(moved => { this.#arrangement.keep(moved.id(), moved.position()); });
      },
    });
    cy.on('zoom', () => { this.#showLabels(false); if (this.#drawing.owesLabels) this.#schedule(); });
    cy.on('viewport', () => { this.#movedAt = performance.now(); });
    this.#ends.push(onKeys(surface, {
      graph: cy, chosen: () => this.#chosen, choose: id => this.choose(id),
      open: id => this.#withNode(id, node => this.open(node)),
      focus: id => this.#withService(id, service => this.events.change({ focus: this.#view.focus === service ? null : service })),
      expand: id => this.#withService(id, service => this.#toggleExpanded(service)),
      zoom: factor => this.zoom(factor), fit: () => this.fit(), hops: hops => { if (this.#view.focus !== null) this.events.change({ hops }); },
      pan: (x, y) => { this.#viewportTouched = true; cy.panBy({ x, y }); },
    }));
    this.#ends.push(onThemeChange(() => this.#retheme()));
    const resized = new ResizeObserver(() => { cy.resize(); if (!this.#viewportTouched) this.fit(); });
    resized.observe(surface);
    const leaving = (): void => this.#arrangement.flush();
    addEventListener('pagehide', leaving);
    this.#ends.push(() => resized.disconnect(), () => removeEventListener('pagehide', leaving));
  }

  #retheme(): void {
    this.#marks = new Marks(paletteAt(this.host));
    this.#dress();
    this.#drawing.forgetLooks();
    this.#troublesAt = 0;
    this.#sync();
    this.#minimap.refresh();
  }

  #dress(): void { this.#cy.style(stylesheet(this.#marks.palette, this.#labels)); }

  /** Who is named first where there is no room for all names: what is looked at, what is ill, what carries most. */
  #rankOf(id: string): number {
    const node = this.#drawing.node(id);
    if (!node) return 0;
    if (id === this.#chosen) return 20;
    if (node.title === this.#view.focus) return 19;
    const load = 'traffic' in node ? Math.min(0.9, Math.log10(1 + node.traffic.rps) / 5) : 0;
    return ('state' in node && !isWell(node.state) ? 2 + severity.indexOf(node.state) : node.kind === 'instance' || node.kind === 'ghost' ? 0 : 1) + load;
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
      const held: { state: ServiceState | null; end: () => void } = { state: null, end: () => undefined };
      this.#expanded.set(service, held);
      held.end = live().service(service, state => { held.state = state; this.#schedule(); });
    }
  }

  #toggleExpanded(service: string): void {
    const expanded = this.#view.expanded;
    this.events.change({ expanded: expanded.includes(service) ? expanded.filter(name => name !== service) : [...expanded, service] });
  }

  #withNode(id: string, act: (node: SceneNode) => void): void {
    const node = this.#drawing.node(id);
    if (node) act(node);
  }

  #withService(id: string, act: (service: string) => void): void {
    this.#withNode(id, ({ opens }) => { if (opens.kind === 'service') act(opens.name); });
  }

  #schedule(): void {
    if (this.#scheduled || this.#later) return;
    // What changes makes the canvas draw its parts anew. While the view is being moved, that is done all at once a few times a second, so that it moves smoothly.
    const wait = performance.now() - this.#movedAt < movingFor ? this.#syncedAt + syncWhileMoving - performance.now() : 0;
    if (wait > 0) this.#later = setTimeout(() => { this.#later = 0; this.#syncNext(); }, wait);
    else this.#syncNext();
  }

  #syncNext(): void { this.#scheduled ||= requestAnimationFrame(() => { this.#scheduled = 0; this.#sync(); }); }

  #sync(): void {
    if (!this.#state) return;
    this.#syncedAt = performance.now();
    const expanded = new Map([...this.#expanded].flatMap(([name, { state }]) => state ? [[name, state] as const] : []));
    const scope = this.#scene.scope;
    this.#scene = buildScene(this.#state, expanded, this.#view, new Set(this.#scene.edges.map(edge => edge.id)));
    if (this.#scene.scope !== scope) {
      if (isLarge(this.#state)) foldUnasked(this.#legend);
      this.#drawing.clear();
      this.#arrangement.use(this.#scene.scope);
    }
    const grown = this.#drawing.draw(this.#scene, this.#marks, this.#state.at, this.#chosen, this.#view.focus);
    // In a large mesh lines come and go; only newcomers among the marks ask for places.
    this.#arrangement.arrange(this.#scene, isLarge(this.#state) ? this.#cy.nodes('.unplaced').nonempty() && grown : grown);
    if (this.#scene.nodes.some(node => node.kind === 'instance') || grown) this.#arrangement.makeRoom(this.#scene);
    this.#dim(grown);
    if (grown) this.#mark(this.#chosen);
    this.#showLabels(grown);
    this.#labels.follow();
    this.#inspect();
    this.#tell();
    if (this.#scene.scope !== scope && !this.#viewportTouched) this.fit();
    if (this.#sought !== null && this.#cy.getElementById(this.#sought).nonempty() && !this.#cy.getElementById(this.#sought).hasClass('unplaced')) this.#reveal(this.#sought);
    this.#minimap.refresh();
  }

  /** What stands beside the drawing: what it holds back, and who is in trouble. */
  #tell(): void {
    const note = sceneNote(this.#scene, this.#view.grouping === 'zone' && this.#view.focus === null);
    this.#note.hidden = note === null;
    if (note !== null && this.#note.textContent !== note) this.#note.textContent = note;
    if (!isLarge(this.#state!)) return this.#trouble.hide();
    const now = performance.now();
    if (now - this.#troublesAt < troublesEvery) return;
    this.#troublesAt = now;
    this.#trouble.show(troubles(this.#state!), this.#marks.palette);
  }

  #dim(grown: boolean): void {
    const search = this.#scene.missed ? '' : this.#view.search.trim();
    if (search === this.#dimmed && (search === '' || !grown)) return;
    this.#dimmed = search;
    const named = matcher(search);
    const isNamed = (id: string | undefined): boolean => { const node = id === undefined ? undefined : this.#drawing.node(id); return node !== undefined && named(node.title); };
    this.#cy.batch(() => {
      this.#cy.nodes().forEach(drawn => {
        drawn.toggleClass('dim', search !== '' && !drawn.isParent() && !isNamed(drawn.id()) && !isNamed(drawn.data('parent') as string | undefined));
      });
      this.#cy.edges().forEach(edge => { edge.toggleClass('dim', search !== '' && (edge.source().hasClass('dim') || edge.target().hasClass('dim'))); });
    });
  }

  #mark(id: string | null): void {
    this.#cy.elements('.chosen, .near').removeClass('chosen near');
    const before = this.#chosen;
    this.#chosen = id;
    if (id !== null) {
      this.#cy.nodes().getElementById(id).addClass('chosen').connectedEdges().addClass('near');
      this.#cy.edges().getElementById(id).addClass('near');
    }
    this.#inspect();
    if (id === before) return;
    const node = id === null ? undefined : this.#drawing.node(id);
    this.#speech.textContent = node ? `${node.title}: ${nodeFacts(node, this.#now).map(([label, value]) => `${label} ${value}`).join(', ')}` : '';
  }

  /** The moment that is drawn, by the console's clock. */
  get #now(): number { return this.#state?.at ?? Date.now(); }

  #inspect(): void {
    const node = this.#chosen === null ? undefined : this.#drawing.node(this.#chosen);
    const edge = node || this.#chosen === null ? undefined : this.#drawing.edge(this.#chosen);
    if (node) this.#inspector.showNode(node, this.#view, this.#now);
    else if (edge) this.#inspector.showEdge(edge.edge);
    else this.#inspector.hide();
  }

  /** Into view, where it is not. */
  #reveal(id: string): void {
    this.#sought = null;
    const drawn = this.#cy.getElementById(id);
    if (!drawn.isNode()) return;
    const { x, y } = drawn.renderedPosition();
    const [width, height] = [this.#cy.width(), this.#cy.height()];
    if (this.#cy.zoom() >= 0.4 && x > 60 && y > 60 && x < width - 60 && y < height - 60) return this.#uncover(id);
    const zoom = Math.max(0.8, this.#cy.zoom());
    const at = drawn.position();
    this.#viewportTouched = true;
    this.#cy.viewport({ zoom, pan: { x: width / 2 - at.x * zoom, y: height / 2 - at.y * zoom } });
    this.#uncover(id);
  }

  /** On a phone the facts of what is chosen lie over the foot of the drawing: not over the mark itself. */
  #uncover(id: string | null): void {
    const drawn = id === null ? this.#cy.collection() : this.#cy.getElementById(id);
    if (drawn.empty() || !drawn.isNode() || this.host.clientWidth >= narrow) return;
    const over = drawn.renderedPosition().y + smallestMark + 24 - this.#inspector.element.offsetTop;
    if (over <= 0) return;
    this.#viewportTouched = true;
    this.#cy.panBy({ x: 0, y: -over });
  }

  #showLabels(grown: boolean): void {
    const shown = this.#cy.zoom() >= 1.1 && this.#scene.edges.length <= 80;
    if (shown === this.#labelled && !(shown && grown)) return;
    this.#labelled = shown;
    this.#cy.batch(() => { this.#cy.edges().forEach(edge => { edge.toggleClass('labelled', shown); }); });
  }

  #afterPlacing(): void {
    if (this.#viewportTouched) return;
    if (!calm()) setTimeout(() => { if (!this.#viewportTouched && !this.#cy.destroyed()) this.fit(); }, 280);
    this.fit();
    this.#schedule();
  }
}

/** From the middle of the outermost mark to that of its opposite. */
function spread(marks: NodeCollection): { x1: number; y1: number; w: number; h: number } {
  const at = marks.map(mark => mark.position());
  const [x1, y1] = [Math.min(...at.map(p => p.x)), Math.min(...at.map(p => p.y))];
  return { x1, y1, w: Math.max(1, Math.max(...at.map(p => p.x)) - x1), h: Math.max(1, Math.max(...at.map(p => p.y)) - y1) };
}

function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
