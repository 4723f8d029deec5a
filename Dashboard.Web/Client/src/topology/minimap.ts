import type { Core, NodeSingular } from 'cytoscape';
import type { Palette } from '../theme.js';
import type { MarkState } from './states.js';

const width = 176;
const height = 120;
const redrawEvery = 250;
const panStep = 0.2;

/** The whole drawing in small, with the part that is in view: a click, a drag or the arrow keys move it. Hidden while all of it is in view. */
export class Minimap {
  readonly element = document.createElement('div');
  readonly #canvas = document.createElement('canvas');
  readonly #frame = document.createElement('div');
  readonly #ends: (() => void)[] = [];
  #box = { x1: 0, y1: 0, w: 1, h: 1 };
  #scale = 1;
  #timer = 0;
  #framed = 0;

  constructor(readonly cy: Core, readonly stateOf: (id: string) => MarkState | null, readonly palette: () => Palette, readonly moved: () => void) {
    this.element.className = 'topo-minimap';
    this.element.tabIndex = 0;
    this.element.setAttribute('role', 'application');
    this.element.setAttribute('aria-roledescription', 'minimap');
    this.element.setAttribute('aria-label', 'Minimap. Arrow keys move the view, plus and minus zoom, 0 shows everything.');
    this.#canvas.setAttribute('aria-hidden', 'true');
    this.#frame.className = 'topo-minimap-frame';
    this.element.append(this.#canvas, this.#frame);
    this.element.hidden = true;
    const later = (): void => this.refresh();
    cy.on('position add remove', later);
    const frame = (): void => { this.#framed ||= requestAnimationFrame(() => { this.#framed = 0; this.#moveFrame(); }); };
    cy.on('viewport resize', frame);
    this.#ends.push(() => { cy.off('position add remove', later); cy.off('viewport resize', frame); });
    this.element.addEventListener('pointerdown', event => { this.element.setPointerCapture(event.pointerId); this.#centerAt(event); });
    this.element.addEventListener('pointermove', event => { if (event.buttons === 1) this.#centerAt(event); });
    this.element.addEventListener('keydown', event => this.#onKey(event));
  }

  /** Draws the marks anew, at most a few times a second. */
  refresh(): void {
    this.#timer ||= setTimeout(() => { this.#timer = 0; this.#draw(); }, redrawEvery);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#framed);
    for (const end of this.#ends) end();
  }

  #draw(): void {
    const { cy } = this;
    if (cy.destroyed()) return;
    const marks = cy.nodes().filter(node => node.isChildless() && !node.hasClass('unplaced'));
    if (marks.empty()) return;
    let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
    marks.forEach(mark => {
      const { x, y } = mark.position();
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
    });
    this.#box = { x1: x1 - 60, y1: y1 - 60, w: x2 - x1 + 120, h: y2 - y1 + 140 };
    this.#scale = Math.min(width / this.#box.w, height / this.#box.h);
    const ratio = devicePixelRatio || 1;
    if (this.#canvas.width !== width * ratio) [this.#canvas.width, this.#canvas.height] = [width * ratio, height * ratio];
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const palette = this.palette();
    const late: (() => void)[] = [];
    marks.forEach(mark => {
      const state = this.stateOf(mark.id());
      const urgent = state === 'unhealthy' || state === 'panic' || state === 'degraded';
      const put = (): void => { this.#dot(context, mark, state === null ? palette.muted : state === 'healthy' ? palette.edge : palette[state], urgent ? 3.5 : 2); };
      // What is ill is never covered by what is well.
      if (urgent) late.push(put); else put();
    });
    for (const put of late) put();
    this.#moveFrame();
  }

  #dot(context: CanvasRenderingContext2D, mark: NodeSingular, color: string, radius: number): void {
    const { x, y } = this.#toMap(mark.position());
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  #toMap(point: { x: number; y: number }): { x: number; y: number } {
    return {
      x: (width - this.#box.w * this.#scale) / 2 + (point.x - this.#box.x1) * this.#scale,
      y: (height - this.#box.h * this.#scale) / 2 + (point.y - this.#box.y1) * this.#scale,
    };
  }

  #moveFrame(): void {
    if (this.cy.destroyed()) return;
    const { x1, y1, x2, y2 } = this.cy.extent();
    const { x1: left, y1: top, w, h } = this.#box;
    const all = x1 <= left + 60 && y1 <= top + 60 && x2 >= left + w - 60 && y2 >= top + h - 60;
    // It goes only when nobody is using it.
    const hide = all && document.activeElement !== this.element;
    if (this.element.hidden !== hide) this.element.hidden = hide;
    if (hide) return;
    const [from, to] = [this.#toMap({ x: x1, y: y1 }), this.#toMap({ x: x2, y: y2 })];
    const cut = (value: number, most: number): number => Math.min(most, Math.max(0, value));
    const [l, t, r, b] = [cut(from.x, width), cut(from.y, height), cut(to.x, width), cut(to.y, height)];
    this.#frame.style.transform = `translate(${l}px, ${t}px)`;
    this.#frame.style.width = `${Math.max(8, r - l)}px`;
    this.#frame.style.height = `${Math.max(8, b - t)}px`;
  }

  #centerAt(event: PointerEvent): void {
    const at = this.element.getBoundingClientRect();
    const x = (event.clientX - at.left - (width - this.#box.w * this.#scale) / 2) / this.#scale + this.#box.x1;
    const y = (event.clientY - at.top - (height - this.#box.h * this.#scale) / 2) / this.#scale + this.#box.y1;
    const zoom = this.cy.zoom();
    this.cy.pan({ x: this.cy.width() / 2 - x * zoom, y: this.cy.height() / 2 - y * zoom });
    this.moved();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [dx, dy] = [this.cy.width() * panStep, this.cy.height() * panStep];
    const center = { x: this.cy.width() / 2, y: this.cy.height() / 2 };
    switch (event.key) {
      case 'ArrowLeft': this.cy.panBy({ x: dx, y: 0 }); break;
      case 'ArrowRight': this.cy.panBy({ x: -dx, y: 0 }); break;
      case 'ArrowUp': this.cy.panBy({ x: 0, y: dy }); break;
      case 'ArrowDown': this.cy.panBy({ x: 0, y: -dy }); break;
      case '+': case '=': this.cy.zoom({ level: this.cy.zoom() * 1.25, renderedPosition: center }); break;
      case '-': this.cy.zoom({ level: this.cy.zoom() * 0.8, renderedPosition: center }); break;
      case '0': this.cy.fit(undefined, 48); break;
      default: return;
    }
    event.preventDefault();
    this.moved();
  }
}
