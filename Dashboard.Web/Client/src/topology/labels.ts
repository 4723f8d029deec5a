import type { Core, EdgeSingular, NodeSingular } from 'cytoscape';
import { nearest, placeLabels, silentCalls, type LabelMark, type LabelPlace } from './labelPlaces.js';

/** The smallest letters that are drawn, in pixels of the screen. */
export const smallestFont = 11;

/** The smallest diameter of a service's mark in pixels of the screen: its figures are letters, too. */
export const smallestMark = 34;

// Smaller than this a drawing is looked at as a whole: letters that were kept readable would be all that is seen.
const smallestZoom = 0.2;
// Beyond it only the boxes and those in trouble are named from afar.
const mostLabels = 120;
const settles = 120;
const usual = 13;
/** A service's mark in the drawing's own units. */
export const usualMark = 60;
const mostGrown = 2.2;
const gap = 4;
// A mark grows until it would touch its neighbour.
const besideAnother = 0.85;
const troubles = ['none', 'some', 'bad'];

/** Keeps the labels of a drawing that is not crowded readable at any zoom, and apart: who matters most is named first. */
export class Labels {
  readonly #cy: Core;
  readonly #rankOf: (id: string) => number;
  readonly #said: (edge: string) => string;
  readonly #places = new Map<string, LabelPlace>();
  #silent: ReadonlySet<string> = new Set();
  #nearest: ReadonlyMap<string, number> = new Map();
  readonly #ends: (() => void)[] = [];
  readonly #pen = document.createElement('canvas').getContext('2d');
  readonly #widths = new Map<string, number>();
  #zoom = 1;
  #timer = 0;
  #movedAt = 0;
  #told = '';

  /** @param said What a call's label says. */
  constructor(cy: Core, rankOf: (id: string) => number, said: (edge: string) => string) {
    [this.#cy, this.#rankOf, this.#said] = [cy, rankOf, said];
    const later = (): void => this.later();
    cy.on('zoom position', later);
    this.#ends.push(() => { cy.off('zoom position', later); });
  }

  /** Whether names are few enough to be kept readable. */
  get isMeasured(): boolean { return this.#cy.nodes().length <= mostLabels; }

  /** A label's letters, in the drawing's own units. */
  fontOf(node: NodeSingular): number {
    const font = (node.data('font') as number | undefined) ?? usual;
    return Math.max(font, Math.min(smallestFont / this.#zoom, font * 4));
  }

  /** A mark's diameter, in the drawing's own units. */
  sizeOf(node: NodeSingular): number {
    const size = (node.data('size') as number | undefined) ?? 44;
    const grown = size * Math.min(mostGrown, Math.max(1, smallestMark / usualMark / this.#zoom));
    return Math.max(size, Math.min(grown, (this.#nearest.get(node.id()) ?? Infinity) * besideAnother));
  }

  textOf(node: NodeSingular): string {
    const label = node.data('label') as string;
    const place = this.#places.get(node.id());
    return place === undefined ? label : label.split('\n').slice(0, place.lines).join('\n');
  }

  /** What a call says: nothing where it would cover what matters more, unless it is pointed at. */
  spokenBy(edge: EdgeSingular): string { return this.#silent.has(edge.id()) && !edge.hasClass('labelled') ? '' : this.#said(edge.id()); }

  isAbove(node: NodeSingular): boolean { return this.#places.get(node.id())?.above ?? false; }

  /** What is drawn has changed: the labels follow where that makes a difference to them. */
  follow(): void {
    if (!this.isMeasured) {
      if (this.#told !== '') this.later();
      this.#told = '';
      return;
    }
    const told = this.#marks().map(mark => `${mark.id()} ${(mark.data('label') as string).split('\n').length} ${this.#rankOf(mark.id()) >= 2}`).join('|');
    if (told === this.#told) return;
    this.#told = told;
    this.later();
  }

  /** Once what moves has come to rest. */
  later(): void {
    this.#movedAt = performance.now();
    this.#timer ||= setTimeout(() => this.#rest(), settles);
  }

  #rest(): void {
    const left = this.#movedAt + settles - performance.now();
    this.#timer = left > 1 ? setTimeout(() => this.#rest(), left) : 0;
    if (this.#timer === 0) this.#place();
  }

  #place(): void {
    const cy = this.#cy;
    if (cy.destroyed()) return;
    const zoom = cy.zoom();
    if (!this.isMeasured || zoom < smallestZoom) {
      if (cy.nodes('.measured').empty()) return;
      this.#places.clear();
      this.#silent = new Set();
      cy.batch(() => { cy.elements().removeClass('measured'); });
      return;
    }
    this.#zoom = zoom;
    const marks = this.#marks();
    this.#nearest = nearest(marks.map(mark => ({ id: mark.id(), ...mark.position() })));
    const wanted = marks.map(mark => this.#want(mark, zoom));
    const places = placeLabels(wanted, (text, font) => this.#width(text) * font / usual);
    this.#places.clear();
    for (const [id, place] of places) this.#places.set(id, place);
    const font = Math.max(smallestFont, smallestFont * zoom);
    const calls = cy.edges().filter(edge => edge.hasClass('near') || edge.data('said') === true).map(edge => {
      const { x, y } = (edge as unknown as { renderedMidpoint(): { x: number; y: number } }).renderedMidpoint();
      return { id: edge.id(), x, y, width: this.#width(this.#said(edge.id())) * font / usual + 4, height: font * 1.2, rank: troubles.indexOf(edge.data('trouble') as string) * 10 + (edge.data('width') as number) };
    });
    this.#silent = silentCalls(calls, wanted, places);
    cy.batch(() => { cy.elements().addClass('measured'); });
    (cy.elements() as unknown as { updateStyle(): void }).updateStyle();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
  }

  /** Marks have labels that stand beside them; boxes have a title. */
  #marks(): NodeSingular[] { return this.#cy.nodes().filter(node => node.isChildless() && !node.hasClass('unplaced')).toArray() as NodeSingular[]; }

  #want(mark: NodeSingular, zoom: number): LabelMark {
    const { x, y } = mark.renderedPosition();
    return {
      id: mark.id(), x, y, reach: this.sizeOf(mark) / 2 * zoom, gap: gap * zoom, font: Math.max(((mark.data('font') as number | undefined) ?? usual) * zoom, smallestFont),
      lines: (mark.data('label') as string).split('\n'), rank: this.#rankOf(mark.id()),
    };
  }

  #width(text: string): number {
    const known = this.#widths.get(text);
    if (known !== undefined) return known;
    if (this.#widths.size > 2000) this.#widths.clear();
    if (this.#pen) this.#pen.font = `${usual}px system-ui, Roboto, sans-serif`;
    const width = this.#pen?.measureText(text).width ?? text.length * usual * 0.55;
    this.#widths.set(text, width);
    return width;
  }
}
