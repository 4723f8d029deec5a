import type { ServiceNode } from '../frames.js';
import { idle, type TopologyState } from '../live/topologyState.js';
import { EdgeSums, thinned } from './edges.js';
import type { Grouper } from './groups.js';
import { groupId, type Opens, type RingCounts, type Scene, type SceneNode } from './scene.js';
import { isWell, serviceState, worse, type MarkState } from './states.js';
import { maxDrawnNodes, type View } from './view.js';
import { isTroubled, visibleGhosts } from './visible.js';

export interface SceneParts {
  readonly state: TopologyState;
  readonly view: View;
  readonly visible: ReadonlySet<string>;
  readonly scope: string;
  readonly grouper: Grouper;
  /** Ids of the calls that are drawn already. */
  readonly drawn: ReadonlySet<string>;
}

const mostGhosts = 12;

/** What the services of one group add up to. */
export class Group {
  services = 0;
  troubled = 0;
  #healthy = 0;
  #degraded = 0;
  #unhealthy = 0;
  #unknown = 0;
  #rps = 0;
  #failures = 0;
  #inFlight = 0;
  worst: MarkState = 'healthy';

  constructor(readonly name: string) {}

  add(state: TopologyState, node: ServiceNode): void {
    const mark = serviceState(node);
    // In a group of many somebody is always out on purpose: that is no mark of the group.
    this.count(node, isWell(mark) ? 'healthy' : mark, isTroubled(state, node.service));
    const traffic = state.trafficOf(node.service);
    this.#rps += traffic.rps;
    this.#failures += traffic.rps * (traffic.errorRate ?? 0);
    this.#inFlight += traffic.inFlight;
  }

  count(ring: RingCounts, mark: MarkState, troubled: boolean): void {
    this.services++;
    this.troubled += troubled ? 1 : 0;
    this.#healthy += ring.healthy;
    this.#degraded += ring.degraded;
    this.#unhealthy += ring.unhealthy;
    this.#unknown += ring.unknown;
    this.worst = worse(this.worst, mark);
  }

  mark(id: string, title: string, opens: Opens, more: { parent?: string; zone?: string } = {}): SceneNode {
    return {
      id, parent: more.parent ?? null, title, kind: 'group', services: this.services, troubled: this.troubled, ...(more.zone === undefined ? {} : { zone: more.zone }),
      traffic: { ...idle, rps: this.#rps, errorRate: this.#rps === 0 ? null : this.#failures / this.#rps, inFlight: this.#inFlight },
      state: this.worst, ring: { healthy: this.#healthy, degraded: this.#degraded, unhealthy: this.#unhealthy, unknown: this.#unknown },
      center: this.services.toString(), opens,
    };
  }
}

/** Services as their groups, the largest first; what does not fit into the limit is one more group, which is as ill as its worst. */
export function groupMarks(state: TopologyState, services: Iterable<string>, grouper: Grouper, most: number): { readonly nodes: SceneNode[]; readonly ids: ReadonlyMap<string, string> } {
  const groups = new Map<string, Group>();
  for (const service of services) {
    const node = state.nodes.get(service)!;
    const key = grouper.keyOf(node);
    let group = groups.get(key);
    if (!group) groups.set(key, group = new Group(key));
    group.add(state, node);
  }
  const ranked = [...groups.values()].sort((a, b) => b.services - a.services || a.name.localeCompare(b.name));
  const drawn = ranked.length <= most ? ranked : ranked.slice(0, most - 1);
  const ids = new Map(drawn.map(group => [group.name, groupId(group.name)]));
  const nodes = drawn.map(group => group.mark(groupId(group.name), grouper.titleOf(group.name), { kind: 'group', name: group.name, grouping: grouper.kind }));
  if (drawn.length < ranked.length) {
    const rest = new Group('');
    for (const service of services) {
      const node = state.nodes.get(service)!;
      if (!ids.has(grouper.keyOf(node))) rest.add(state, node);
    }
    const left = ranked.slice(drawn.length);
    nodes.push(rest.mark('n:\u0000rest', `${left.length} smaller groups`, { kind: 'none', name: '' }));
    for (const group of left) ids.set(group.name, 'n:\u0000rest');
  }
  return { nodes, ids };
}

/** The whole mesh as groups and what they call. */
export function groupedScene({ state, view, visible, scope, grouper, drawn: before }: SceneParts): Scene {
  const { nodes, ids } = groupMarks(state, visible, grouper, maxDrawnNodes - mostGhosts);
  const sums = new EdgeSums();
  for (const edge of state.edges.values()) {
    const [from, to] = [state.nodes.get(edge.source), state.nodes.get(edge.target)];
    if (!from || !to || !visible.has(edge.source) || !visible.has(edge.target)) continue;
    const [source, target] = [ids.get(grouper.keyOf(from))!, ids.get(grouper.keyOf(to))!];
    if (source !== target) sums.add(source, target, edge);
  }
  const drawn = thinned(sums.edges(new Map(nodes.map(node => [node.id, node.title]))), nodes.length, before);
  for (const ghost of visibleGhosts(state, view, mostGhosts)) nodes.push({ id: `g:${ghost.name}`, parent: null, title: ghost.name, kind: 'ghost', leftAt: ghost.leftAt, opens: { kind: 'none', name: '' } });
  return { nodes, ...drawn, services: state.nodes.size, shown: visible.size, grouped: true, scope, columns: null };
}
