import type { Edge } from '../frames.js';
import type { SceneEdge } from './scene.js';

/** Calls between marks: those of the same two marks are one, with their rates added up. */
export class EdgeSums {
  readonly #edges = new Map<string, { source: string; target: string; edge: Edge }>();

  add(source: string, target: string, edge: Edge): void {
    const pair = `e:${source}>${target}`;
    const sum = this.#edges.get(pair);
    if (!sum) {
      this.#edges.set(pair, { source, target, edge });
      return;
    }
    const rps = sum.edge.rps + edge.rps;
    const failed = sum.edge.rps * (sum.edge.errorRate ?? 0) + edge.rps * (edge.errorRate ?? 0);
    // Percentiles of several calls cannot be added up.
    sum.edge = { source: sum.edge.source, target: sum.edge.target, rps, errorRate: rps === 0 ? null : failed / rps, p50: null, p95: null, p99: null };
  }

  /** @param named What the ends are called in the facts of a call. */
  edges(named: ReadonlyMap<string, string>): SceneEdge[] {
    return [...this.#edges].map(([id, { source, target, edge }]) => ({
      id, source, target, idle: edge.rps === 0,
      edge: source.startsWith('n:') || target.startsWith('n:') ? { ...edge, source: named.get(source) ?? edge.source, target: named.get(target) ?? edge.target } : edge,
    }));
  }
}

/**
 * Where calls would cover everything: each mark keeps its strongest calls in each direction and those that fail. The rest is there on demand.
 * @param drawn What is drawn already gives way only to what is clearly stronger: rates sway, and lines that come and go tell nothing.
 */
export function thinned(edges: readonly SceneEdge[], marks: number, drawn: ReadonlySet<string>): { readonly edges: SceneEdge[]; readonly quiet: SceneEdge[] } {
  if (edges.length <= Math.max(80, marks * 2.5)) return { edges: [...edges], quiet: [] };
  const strength = (edge: SceneEdge): number => edge.edge.rps * (drawn.has(edge.id) ? 2 : 1);
  const order = [...edges].sort((a, b) => strength(b) - strength(a) || a.id.localeCompare(b.id));
  const strongestOf = marks > 120 ? 1 : 2;
  const out = new Map<string, number>();
  const into = new Map<string, number>();
  const kept: SceneEdge[] = [];
  const quiet: SceneEdge[] = [];
  let failing = 0;
  for (const edge of order) {
    const [o, i] = [out.get(edge.source) ?? 0, into.get(edge.target) ?? 0];
    const fails = (edge.edge.errorRate ?? 0) >= (drawn.has(edge.id) ? 0.03 : 0.05) && edge.edge.rps > 0 && failing < marks;
    if (o < strongestOf || i < strongestOf || fails) {
      out.set(edge.source, o + 1);
      into.set(edge.target, i + 1);
      if (fails) failing++;
      kept.push(edge);
    } else {
      quiet.push(edge);
    }
  }
  return { edges: kept, quiet };
}
