import cytoscape from 'cytoscape';
import fcose from 'cytoscape-fcose';

export interface LayoutNode { readonly id: string; readonly parent: string | null; readonly width: number; readonly height: number }
export interface LayoutEdge { readonly source: string; readonly target: string }
export interface LayoutRequest {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  /** Calls point down instead of right: for a canvas that is higher than wide. */
  readonly tall: boolean;
}
export type LayoutResult = readonly (readonly [id: string, x: number, y: number])[];

cytoscape.use(fcose);

/**
 * Lays a graph out from nothing, the same way each time: the layout's random numbers come from a seed, calls point one way. Only for a
 * worker of its own, since it replaces Math.random there.
 */
export function layOut(request: LayoutRequest): LayoutResult {
  Math.random = seeded(20_26);
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
    nodeSeparation: 100, idealEdgeLength: 105, nodeRepulsion: 6500, gravity: 0.4, numIter: 2500, nodeDimensionsIncludeLabels: false,
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
  if (nodes.length > 150) return undefined;
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

// mulberry32
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}
