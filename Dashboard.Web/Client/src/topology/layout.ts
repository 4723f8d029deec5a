import cytoscape from 'cytoscape';
import fcose from 'cytoscape-fcose';
import { seeded } from './seeded.js';

export interface LayoutNode { readonly id: string; readonly parent: string | null; readonly width: number; readonly height: number }
export interface LayoutEdge { readonly source: string; readonly target: string }
export interface LayoutRequest {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  /** Calls point down instead of right: for a canvas that is higher than wide. */
  readonly tall: boolean;
  /** Width of the canvas by its height. */
  readonly aspect: number;
  /** Each node's column, where the graph is laid out around a focus. */
  readonly columns?: readonly (readonly [id: string, column: number])[];
}
export type LayoutResult = readonly (readonly [id: string, x: number, y: number])[];

const largestDirected = 150;
const aroundMark = 90;
const mostRaised = 2.2;

cytoscape.use(fcose);

/**
 * Lays a graph out from nothing, the same way each time: the layout's random numbers come from a seed, calls point one way. A small graph is laid
 * out a few times, the clearest result taken and untangled. Only for a worker of its own, since it replaces Math.random there.
 */
export function layOut(request: LayoutRequest): LayoutResult {
  const small = request.nodes.length <= 60 && request.edges.length <= 90 && request.nodes.every(node => node.parent === null);
  let best: LayoutResult = [];
  let bestScore = Infinity;
  for (let seed = 1; seed <= (small ? 6 : 1) && bestScore > 0; seed++) {
    const once = layOutOnce(request, seed);
    const result = small ? untangle(once, request) : turned(once, request.tall);
    const score = small ? confusion(result, request.edges) : 0;
    if (score < bestScore) [best, bestScore] = [result, score];
  }
  return request.tall ? raised(best, request.aspect) : best;
}

/** Fills the height of an upright canvas, where it would be left empty: names that stand below one another are read, side by side they meet. */
export function raised(result: LayoutResult, aspect: number): LayoutResult {
  const side = (values: readonly number[]): number => Math.max(...values) - Math.min(...values) + aroundMark;
  const by = side(result.map(([, x]) => x)) / side(result.map(([, , y]) => y)) / aspect;
  return by <= 1 ? result : result.map(([id, x, y]) => [id, x, y * Math.min(by, mostRaised)] as const);
}

/** A large graph is laid out without a direction: its longer side follows the canvas'. */
function turned(result: LayoutResult, tall: boolean): LayoutResult {
  const side = (values: readonly number[]): number => values.reduce((max, v) => Math.max(max, v), -Infinity) - values.reduce((min, v) => Math.min(min, v), Infinity);
  const high = side(result.map(([, , y]) => y)) > side(result.map(([, x]) => x));
  return result.length <= largestDirected || high === tall ? result : result.map(([id, x, y]) => [id, y, x] as const);
}

/** Moves one mark after the other across the direction of the calls, as long as that makes the drawing clearer. */
function untangle(from: LayoutResult, request: LayoutRequest): LayoutResult {
  let result = [...from];
  let score = confusion(result, request.edges);
  for (let round = 0, better = true; better && round < 4; round++) {
    better = false;
    for (let index = 0; index < result.length; index++) {
      const [id, x, y] = result[index]!;
      for (const by of [-40, 40, -80, 80, -130, 130, -190, 190, -260, 260]) {
        const moved = result.with(index, request.tall ? [id, x + by, y] : [id, x, y + by]);
        const next = confusion(moved, request.edges);
        if (next < score - 0.01) {
          [result, score, better] = [moved, next, true];
        }
      }
    }
  }
  return result;
}

/** What makes a drawing hard to read: marks that touch and calls that run through a mark count most, then calls that cross, then length. */
function confusion(result: LayoutResult, edges: readonly LayoutEdge[]): number {
  const at = new Map(result.map(([id, x, y]) => [id, { x, y }]));
  const lines = edges.flatMap(edge => {
    const [from, to] = [at.get(edge.source), at.get(edge.target)];
    return from && to ? [{ ...edge, from, to }] : [];
  });
  let score = 0;
  result.forEach(([, x, y], index) => {
    for (const [, otherX, otherY] of result.slice(index + 1)) if (Math.abs(x - otherX) < 100 && Math.abs(y - otherY) < 105) score += 4;
  });
  lines.forEach((line, index) => {
    score += Math.hypot(line.from.x - line.to.x, line.from.y - line.to.y) / 1500;
    for (const [id, point] of at) if (id !== line.source && id !== line.target && distance(point, line.from, line.to) < 52) score += 3;
    for (const other of lines.slice(index + 1)) {
      if (other.source !== line.source && other.target !== line.target && other.source !== line.target && other.target !== line.source && cross(line, other)) score += 1;
    }
  });
  return score;
}

interface Spot { readonly x: number; readonly y: number }

function distance(point: Spot, from: Spot, to: Spot): number {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const along = Math.min(1, Math.max(0, ((point.x - from.x) * (to.x - from.x) + (point.y - from.y) * (to.y - from.y)) / length ** 2));
  return Math.hypot(point.x - from.x - along * (to.x - from.x), point.y - from.y - along * (to.y - from.y));
}

function cross(a: { from: Spot; to: Spot }, b: { from: Spot; to: Spot }): boolean {
  const side = (p: Spot, q: Spot, r: Spot): number => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  return side(a.from, a.to, b.from) !== side(a.from, a.to, b.to) && side(b.from, b.to, a.from) !== side(b.from, b.to, a.to);
}

function layOutOnce(request: LayoutRequest, seed: number): LayoutResult {
  Math.random = seeded(seed);
  const sorted = [...request.nodes].sort((a, b) => a.id.localeCompare(b.id));
  const children = new Set(sorted.filter(node => node.parent !== null).map(node => node.parent));
  const cy = cytoscape({
    headless: true,
    styleEnabled: true,
    elements: [
      ...sorted.map(node => ({ data: { id: node.id, ...(node.parent === null ? {} : { parent: node.parent }), w: node.width, h: node.height } })),
      ...request.edges.map(edge => ({ data: { source: edge.source, target: edge.target } })),
    ],
    style: [{ selector: 'node', style: { width: 'data(w)', height: 'data(h)' } }, { selector: ':parent', style: { padding: '24px' } }] as unknown as cytoscape.StylesheetJson,
  });
  const options = {
    name: 'fcose', quality: 'proof', randomize: true, animate: false, fit: false, packComponents: false, tile: true,
    nodeSeparation: 100, idealEdgeLength: 95 + seed % 3 * 25, nodeRepulsion: 5000 + seed % 4 * 3000, gravity: 0.4, numIter: 2500, nodeDimensionsIncludeLabels: false,
    tilingPaddingVertical: 40, tilingPaddingHorizontal: 60,
    relativePlacementConstraint: oneWay(sorted.filter(node => !children.has(node.id)), request.edges, request.tall),
  };
  cy.layout(options as unknown as cytoscape.LayoutOptions).run();
  const result: (readonly [string, number, number])[] = [];
  cy.nodes().forEach(node => { if (!node.isParent()) result.push([node.id(), node.position('x'), node.position('y')]); });
  cy.destroy();
  return result;
}

/** Callers before those they call, along the edges that close no circle. */
function oneWay(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], tall: boolean): object[] | undefined {
  if (nodes.length > largestDirected) return undefined;
  const known = new Set(nodes.map(node => node.id));
  const next = new Map<string, string[]>();
  for (const edge of [...edges].sort((a, b) => (a.source + a.target).localeCompare(b.source + b.target))) {
    if (known.has(edge.source) && known.has(edge.target)) next.set(edge.source, [...(next.get(edge.source) ?? []), edge.target]);
  }
  const entered = new Set([...next.values()].flat());
  const roots = [...nodes.filter(node => !entered.has(node.id)), ...nodes];
  const done = new Set<string>();
  const open = new Set<string>();
  const constraints: object[] = [];
  const visit = (id: string): void => {
    if (done.has(id)) return;
    done.add(id);
    open.add(id);
    for (const target of next.get(id) ?? []) {
      if (open.has(target)) continue;
      constraints.push(tall ? { top: id, bottom: target, gap: 104 } : { left: id, right: target, gap: 112 });
      visit(target);
    }
    open.delete(id);
  };
  for (const root of roots) visit(root.id);
  return constraints.length === 0 ? undefined : constraints;
}
