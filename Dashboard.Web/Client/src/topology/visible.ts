import type { Ghost } from '../frames.js';
import type { TopologyState } from '../live/topologyState.js';
import { grouperOf } from './groups.js';
import { isWell, serviceState } from './states.js';
import type { View } from './view.js';

/** How far a service is from the focus: the number of calls, negative on the callers' side. */
export type Distances = ReadonlyMap<string, number>;

/** Whether a name has all the words of a search in it. */
export function matcher(search: string): (name: string) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(word => word !== '');
  return name => words.every(word => name.toLowerCase().includes(word));
}

/** The services that the view's filters leave, before any limit. */
export function visibleServices(state: TopologyState, view: View): ReadonlySet<string> {
  const named = matcher(view.search);
  const near = view.focus === null ? null : distances(state, view.focus, view.hops);
  const grouper = grouperOf(state, view.grouping);
  const visible = new Set<string>();
  for (const node of state.nodes.values()) {
    if (near && !near.has(node.service)) continue;
    if (view.inside !== null && !(view.grouping === 'zone' ? node.zones.some(z => z.zone === view.inside) : grouper.keyOf(node) === view.inside)) continue;
    if (view.filter === 'trouble' && !isTroubled(state, node.service)) continue;
    if (!named(node.service)) continue;
    visible.add(node.service);
  }
  return visible;
}

/** What `Only trouble` shows: not healthy, draining, or failing at 1 % or more. */
export function isTroubled(state: TopologyState, service: string): boolean {
  return !isWell(serviceState(state.nodes.get(service)!)) || (state.trafficOf(service).errorRate ?? 0) >= 0.01;
}

/** What is at most so many calls away from a service, in both directions, the nearest first. What lies behind a caller is on the callers' side. */
export function distances(state: TopologyState, focus: string, hops: number): Distances {
  const near = new Map<string, number>([[focus, 0]]);
  let rim = [focus];
  for (let hop = 1; hop <= hops && rim.length > 0; hop++) {
    const next: string[] = [];
    for (const service of rim) {
      const at = near.get(service)!;
      for (const target of state.calleesOf(service)) if (!near.has(target)) { near.set(target, at < 0 ? -hop : hop); next.push(target); }
      for (const source of state.callersOf(service)) if (!near.has(source)) { near.set(source, at > 0 ? hop : -hop); next.push(source); }
    }
    rim = next;
  }
  return near;
}

/** Ghosts belong to the whole mesh: a view of a part of it has none. */
export function visibleGhosts(state: TopologyState, view: View, most: number): readonly Ghost[] {
  if (view.focus !== null || view.inside !== null || view.filter !== 'all' || most <= 0) return [];
  const named = matcher(view.search);
  return state.ghosts.filter(ghost => !state.nodes.has(ghost.name) && named(ghost.name)).slice(-most);
}
