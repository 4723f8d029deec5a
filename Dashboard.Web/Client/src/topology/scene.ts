import type { Edge, Instance, ServiceNode, Traffic } from '../frames.js';
import type { ServiceState } from '../live/serviceState.js';
import type { TopologyState } from '../live/topologyState.js';
import { groupedScene } from './groupScene.js';
import { grouperOf } from './groups.js';
import { serviceScene } from './serviceScene.js';
import type { MarkState } from './states.js';
import { distances, visibleServices } from './visible.js';
import { maxDrawnNodes, type Grouping, type View } from './view.js';
import { zoneScene } from './zoneScene.js';

export interface RingCounts { readonly healthy: number; readonly degraded: number; readonly unhealthy: number; readonly unknown: number }

/** What Enter opens: the service's page, or what a group stands for. */
export type Opens =
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string; readonly grouping: Grouping }
  | { readonly kind: 'none'; readonly name: '' };

export const opensNothing: Opens = { kind: 'none', name: '' };

export type SceneNode = {
  readonly id: string;
  readonly parent: string | null;
  readonly title: string;
  readonly opens: Opens;
} & (
  /** With a zone, only the part of the service that lives there: its traffic is the whole service's. */
  | { readonly kind: 'service'; readonly node: ServiceNode; readonly zone?: string; readonly traffic: Traffic; readonly state: MarkState; readonly ring: RingCounts; readonly center: string }
  | { readonly kind: 'instance'; readonly service: string; readonly instance: Instance; readonly traffic: Traffic; readonly state: MarkState }
  /** With a zone, only the instances there. */
  | {
    readonly kind: 'group'; readonly services: number; readonly troubled: number; readonly zone?: string; readonly traffic: Traffic; readonly state: MarkState;
    readonly ring: RingCounts; readonly center: string;
  }
  /** An expanded service's box knows the service. */
  | { readonly kind: 'box'; readonly box: 'group' | 'zone' | 'service'; readonly service?: { readonly node: ServiceNode; readonly traffic: Traffic } }
  | { readonly kind: 'external'; readonly callers: number }
  | { readonly kind: 'ghost'; readonly leftAt: number }
);

export interface SceneEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly edge: Edge;
  readonly idle: boolean;
}

export interface Scene {
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
  /** Weaker calls of a crowded scene: drawn once one of their ends is chosen. */
  readonly quiet: readonly SceneEdge[];
  /** Services that the registry has, and those that the view lets through. */
  readonly services: number;
  readonly shown: number;
  /** True where there would be too many marks, so that services are drawn as groups. */
  readonly grouped: boolean;
  /** True where nothing is called as the search says. */
  readonly missed?: boolean;
  /** Marks of one scope share their places. */
  readonly scope: string;
  /** Around a focus in a large mesh: each mark's column, callers left of 0. */
  readonly columns: ReadonlyMap<string, number> | null;
}

export const serviceId = (service: string): string => `s:${service}`;
export const instanceId = (service: string, id: string): string => `i:${service}/${id}`;
export const groupId = (key: string): string => `n:${key}`;

const nothing: ReadonlySet<string> = new Set();

/**
 * What to draw of the state under a view: a pure function, of at most 500 marks.
 * @param drawn Ids of the calls that are drawn already.
 */
export function buildScene(state: TopologyState, expanded: ReadonlyMap<string, ServiceState>, view: View, drawn = nothing): Scene {
  // Within the limit a search dims what does not match, and keeps its surroundings; beyond it, only matches are drawn.
  const context = visibleServices(state, { ...view, search: '' });
  const found = context.size > maxDrawnNodes && view.search.trim() !== '' ? visibleServices(state, view) : null;
  // A search for an instance finds no service by name: the mesh stays.
  const visible = found?.size ? found : context;
  const searched = visible !== context;
  const scope = scopeOf(state, view, searched);
  if (found?.size === 0) return { ...buildScene(state, expanded, { ...view, search: '' }, drawn), missed: true };
  if (view.grouping === 'zone' && view.focus === null) return zoneScene(state, visible, view, scope);

  const expandedMarks = [...expanded].reduce((sum, [name, service]) => sum + (visible.has(name) ? service.instances.size : 0), 0);
  const grouper = grouperOf(state, view.grouping);
  const shared = { state, view, visible, scope, grouper, drawn };
  if (visible.size + Math.min(expandedMarks, maxDrawnNodes / 2) <= maxDrawnNodes - reserve(state, view)) {
    return serviceScene({ ...shared, singles: visible, columns: isLarge(state) && view.focus !== null ? distances(state, view.focus, view.hops) : null }, expanded);
  }
  if (view.focus !== null) {
    // The nearest stand for themselves, the rest as their groups.
    const near = distances(state, view.focus, view.hops);
    const singles = new Set([...near.keys()].filter(service => visible.has(service)).slice(0, maxDrawnNodes - 100));
    return serviceScene({ ...shared, singles, columns: near }, expanded);
  }
  if (view.inside !== null && grouper.kind !== 'prefix') {
    // A group that is too large itself: by the names' first part.
    return groupedScene({ ...shared, grouper: grouperOf(state, 'prefix') });
  }
  return groupedScene(shared);
}

export function isLarge(state: TopologyState): boolean { return state.nodes.size > maxDrawnNodes; }

// Room for boxes, for callers from outside and, where a group is open, for the groups around it.
function reserve(state: TopologyState, view: View): number {
  if (!isLarge(state)) return 0;
  return view.inside !== null ? 60 : 20;
}

// A mesh that fits has one place for each service, whatever part is shown. In a large one a part is laid out for itself.
function scopeOf(state: TopologyState, view: View, searched: boolean): string {
  if (!isLarge(state)) return view.grouping;
  const part = view.focus !== null ? `|${view.hops}|${view.focus}` : view.inside !== null ? `|in|${view.inside}` : '';
  return `${view.grouping}${part}${view.filter === 'trouble' ? '|trouble' : ''}${searched ? '|search' : ''}`;
}
