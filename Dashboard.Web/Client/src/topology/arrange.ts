import type { Core } from 'cytoscape';
import { calm } from '../theme.js';
import { boardColumns } from './board.js';
import { isDense } from './grid.js';
import type { LayoutClient } from './layoutClient.js';
import { placeNear } from './place.js';
import { Positions, type Point } from './positions.js';
import type { Scene, SceneNode } from './scene.js';

const settleMilliseconds = 4000;
const longestSettling = 15_000;
const cell = 76;
const fewServices = 100;
const roomAround = 125;
const spacing = 120;

/**
 * Decides where marks stand. A graph seen for the first time is laid out as a whole until it has stopped growing; from then on what stands,
 * stands, in this session and the next, and a newcomer is placed beside those it talks to.
 */
export class Arrangement {
  readonly #anchors = new Map<string, Point>();
  #positions = new Positions('');
  #settled = false;
  #since = performance.now();
  #timer = 0;
  #round = 0;

  constructor(readonly cy: Core, readonly layout: LayoutClient, readonly placed: () => void) {}

  /** Another scope has positions of its own. */
  use(scope: string): void {
    this.#round++;
    clearTimeout(this.#timer);
    this.#positions.flush();
    this.#positions = new Positions(this.#kept(scope));
    this.#settled = this.#positions.size > 0;
    this.#since = performance.now();
  }

  positionOf(id: string): Point | undefined { return this.#positions.get(id); }

  /** The operator has put a mark there. Its instances, where it is not expanded, follow it when they are next shown. */
  keep(id: string, point: Point): void {
    this.#positions.set(id, point);
    if (id.startsWith('s:') && this.cy.getElementById(id).isChildless()) this.#positions.forget(`i:${id.slice(2)}/`);
  }

  /** Moves what an expanded service would cover aside, for as long as it is expanded; nobody's kept place changes. */
  makeRoom(scene: Scene): void {
    const rooms = scene.nodes.filter(node => node.kind === 'box' && node.box === 'service').map(node => this.#room(node.id));
    for (const node of scene.nodes) {
      if (!isMark(node)) continue;
      const home = this.#positions.get(node.id);
      if (!home) continue;
      const aside = rooms.reduce(pushOut, home);
      const drawn = this.cy.getElementById(node.id);
      const shifted = drawn.scratch('_aside') === true;
      if (aside !== home || shifted) {
        drawn.scratch('_aside', aside !== home);
        if (!drawn.grabbed()) this.#show(node.id, aside);
      }
    }
  }

  /** The operator has moved something: from now on nothing else moves by itself. */
  settle(): void { this.#settled = true; }

  /** Forgets every place and lays the graph out anew. */
  again(scene: Scene): void {
    this.#positions.clear();
    if (scene.nodes.some(isZoneBox)) return this.#board(scene);
    void this.#layOut(scene);
  }

  /** Gives each mark that has no place yet one, now or when the layout is done. */
  arrange(scene: Scene, grown: boolean): void {
    if (scene.nodes.some(isZoneBox)) return this.#board(scene);
    for (const node of scene.nodes) if (node.kind === 'instance') this.#placeInstance(node);
    const marks = scene.nodes.filter(isMark);
    const homeless = marks.filter(node => !this.#positions.get(node.id));
    const mostlyNew = homeless.length > 3 && homeless.length > marks.length * 0.4;
    if (grown && (mostlyNew || !this.#settled)) {
      this.#settled = false;
      this.#schedule(scene);
    } else if (this.#settled) {
      this.#placeBeside(scene, homeless);
    }
  }

  /** Keeps the places now: the page may be left. */
  flush(): void { this.#positions.flush(); }

  dispose(): void {
    this.#round++;
    clearTimeout(this.#timer);
    this.#positions.flush();
    this.layout.dispose();
  }

  #schedule(scene: Scene): void {
    clearTimeout(this.#timer);
    const first = this.cy.nodes('.unplaced').length > 0 && this.cy.nodes().not('.unplaced').not(':parent').length === 0;
    // A large mesh comes whole, with its calls; a small one may be starting, service by service.
    const whole = scene.columns !== null || (scene.services > fewServices && scene.edges.length >= scene.nodes.length);
    this.#timer = setTimeout(() => {
      void this.#layOut(scene);
      const settleNow = whole || performance.now() - this.#since > longestSettling;
      this.#timer = setTimeout(() => { this.#settled = true; }, settleNow ? 0 : settleMilliseconds);
    }, first ? whole ? 0 : 50 : 700);
  }

  async #layOut(scene: Scene): Promise<void> {
    const round = ++this.#round;
    const inner = new Set(scene.nodes.filter(node => node.kind === 'instance').map(node => node.parent));
    const nodes = scene.nodes.filter(node => node.kind !== 'instance').map(node => ({
      id: node.id, parent: node.parent, width: inner.has(node.id) ? 200 : 90, height: inner.has(node.id) ? 140 : 96,
    }));
    const known = new Set(nodes.map(node => node.id));
    const boxes = new Set(nodes.map(node => node.parent).filter(parent => parent !== null));
    const edges = scene.edges.filter(edge => known.has(edge.source) && known.has(edge.target) && !boxes.has(edge.source) && !boxes.has(edge.target));
    try {
      const joined = new Set([...edges.flatMap(edge => [edge.source, edge.target]), ...boxes]);
      const alone = joined.size === 0 || scene.columns || isDense(nodes, edges) ? [] : nodes.filter(node => node.parent === null && !joined.has(node.id));
      const result = await this.layout.run({ nodes: nodes.filter(node => !alone.includes(node)), edges, tall: this.#tall, aspect: this.#aspect, ...(scene.columns ? { columns: [...scene.columns] } : {}) });
      if (round !== this.#round) return;
      for (const [id, x, y] of result) this.#move(id, { x, y });
      this.#lineUp(alone.map(node => node.id).sort(), result.map(([, x, y]) => ({ x, y })));
    } catch {
      if (round !== this.#round) return;
      // Without a worker the marks still get places: each beside those it talks to, one after the other.
      this.#placeBeside(scene, scene.nodes.filter(isMark).filter(node => !this.#positions.get(node.id)));
    }
    this.placed();
  }

  /** Marks that nobody calls and that call nobody: in lines beside the graph, under it on an upright canvas. */
  #lineUp(ids: readonly string[], graph: readonly Point[]): void {
    const left = Math.min(...graph.map(p => p.x));
    const top = Math.min(...graph.map(p => p.y));
    const long = this.#tall ? Math.max(...graph.map(p => p.x)) - left : Math.max(...graph.map(p => p.y)) - top;
    const each = Math.max(3, Math.floor(long / spacing) + 1);
    const edge = this.#tall ? Math.max(...graph.map(p => p.y)) + spacing : left - spacing;
    ids.forEach((id, index) => {
      const along = index % each * spacing;
      const away = Math.floor(index / each) * spacing;
      this.#move(id, this.#tall ? { x: left + along, y: edge + away } : { x: edge - away, y: top + along });
    });
  }

  #placeBeside(scene: Scene, homeless: readonly SceneNode[]): void {
    if (homeless.length === 0) return;
    for (const node of [...homeless].sort((a, b) => a.id.localeCompare(b.id))) {
      const taken = scene.nodes.filter(isMark).map(other => this.#positions.get(other.id)).filter(point => point !== undefined);
      const near = scene.edges.flatMap(edge => edge.source === node.id ? [edge.target] : edge.target === node.id ? [edge.source] : [])
        .map(id => this.#positions.get(id)).filter(point => point !== undefined);
      this.#move(node.id, placeNear(near, taken));
    }
    this.placed();
  }

  /** In a grid around where the service's one mark stood; a newcomer takes the first free cell. */
  #placeInstance(node: SceneNode): void {
    if (this.#positions.get(node.id)) return;
    const box = node.parent!;
    const siblings = this.cy.getElementById(box).children().map(child => this.#positions.get(child.id())).filter(point => point !== undefined);
    if (siblings.length === 0) {
      // Not on top of another service that is expanded already.
      const others = this.cy.nodes('[box = "service"]').filter(other => other.id() !== box && other.children().nodes(':childless').not('.unplaced').nonempty());
      const rooms = others.map(other => inflate(this.#room(other.id()), cell / 2 + 24));
      this.#anchors.set(box, rooms.reduce(pushOut, this.#positions.get(box) ?? { x: 0, y: 0 }));
    }
    const home = this.#anchors.get(box) ?? this.#positions.get(box) ?? { x: 0, y: 0 };
    const columns = Math.max(2, Math.ceil(Math.sqrt(siblings.length + 1)));
    for (let index = 0; ; index++) {
      const point = { x: home.x + (index % columns - (columns - 1) / 2) * cell, y: home.y + Math.floor(index / columns) * cell };
      if (siblings.some(other => Math.abs(other.x - point.x) < 40 && Math.abs(other.y - point.y) < 40)) continue;
      this.#move(node.id, point);
      return;
    }
  }

  /** Zones side by side, a service in the same cell of each: the eye compares zones by place. */
  #board(scene: Scene): void {
    const boxes = scene.nodes.filter(isZoneBox).map(node => node.id).sort();
    const services = [...new Set(scene.nodes.filter(isMark).map(node => node.title))].sort();
    const tall = boxes.length > 1 && this.#tall;
    const columns = boardColumns(services.length, tall ? boxes.length : 1);
    const rows = Math.ceil(services.length / columns);
    for (const node of scene.nodes) {
      if (node.kind === 'box' || node.parent === null) continue;
      const box = boxes.indexOf(node.parent);
      const index = services.indexOf(node.title);
      this.#move(node.id, {
        x: (index % columns) * 112 + (tall ? 0 : box * (columns * 112 + 40)),
        y: Math.floor(index / columns) * 104 + (tall ? box * (rows * 104 + 56) : 0),
      });
    }
    this.placed();
  }

  // Of what the list beside the drawing leaves free.
  get #aspect(): number { return Math.min(2.2, Math.max(0.5, (this.cy.width() >= 1000 ? this.cy.width() - 300 : this.cy.width()) / this.cy.height())); }
  get #tall(): boolean { return this.cy.height() > this.cy.width() * 1.1; }

  // A phone held upright has a layout of its own.
  #kept(scope: string): string { return this.#tall ? `${scope}.tall` : scope; }

  #room(box: string): Room {
    const inside = this.cy.getElementById(box).children().not('.unplaced').nodes().map(child => child.position());
    return {
      left: Math.min(...inside.map(p => p.x)) - roomAround, right: Math.max(...inside.map(p => p.x)) + roomAround,
      top: Math.min(...inside.map(p => p.y)) - roomAround, bottom: Math.max(...inside.map(p => p.y)) + roomAround,
    };
  }

  #move(id: string, point: Point): void {
    this.#positions.set(id, point);
    this.#show(id, point);
  }

  #show(id: string, point: Point): void {
    const node = this.cy.getElementById(id);
    if (node.empty() || node.isParent()) return;
    if (node.hasClass('unplaced') || calm()) node.position({ ...point });
    else if (Math.hypot(node.position('x') - point.x, node.position('y') - point.y) > 1) node.animate({ position: { ...point } }, { duration: 250 });
    node.removeClass('unplaced');
  }
}

interface Room { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }

function inflate(room: Room, by: number): Room {
  return { left: room.left - by, right: room.right + by, top: room.top - by, bottom: room.bottom + by };
}

/** Out of the room by the shortest way; the same point when it is outside. */
function pushOut(point: Point, room: Room): Point {
  const ways = [
    { by: point.x - room.left, to: { x: room.left, y: point.y } }, { by: room.right - point.x, to: { x: room.right, y: point.y } },
    { by: point.y - room.top, to: { x: point.x, y: room.top } }, { by: room.bottom - point.y, to: { x: point.x, y: room.bottom } },
  ];
  return ways.some(way => way.by <= 0) ? point : ways.reduce((best, way) => way.by < best.by ? way : best).to;
}

function isMark(node: SceneNode): boolean { return node.kind !== 'box' && node.kind !== 'instance'; }
function isZoneBox(node: SceneNode): boolean { return node.kind === 'box' && node.box === 'zone'; }
