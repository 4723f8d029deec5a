import type { Edge, Ghost, Health, Instance, Intent, ServiceNode, Traffic } from '../frames.js';
import { idle, type TopologyState } from '../live/topologyState.js';
import type { ServiceState } from '../live/serviceState.js';
import { maxDrawnNodes, type View } from './view.js';

/** The one state that a mark shows: the worst that holds, so that colour, shape and word always agree. */
export type MarkState = 'healthy' | 'degraded' | 'unhealthy' | 'panic' | 'draining' | 'drained' | 'maintenance' | 'unknown';

export interface RingCounts { readonly healthy: number; readonly degraded: number; readonly unhealthy: number; readonly unknown: number }

export type SceneNode = {
  readonly id: string;
  readonly parent: string | null;
  readonly title: string;
  /** What Enter opens: the service, or the services that a group stands for. */
  readonly opens: { readonly kind: 'service' | 'namespace' | 'search' | 'none'; readonly name: string };
} & (
  /** With a zone, only the part of the service that lives there: its traffic is the whole service's. */
  | { readonly kind: 'service'; readonly node: ServiceNode; readonly zone?: string; readonly traffic: Traffic; readonly state: MarkState; readonly ring: RingCounts; readonly center: string }
  | { readonly kind: 'instance'; readonly service: string; readonly instance: Instance; readonly traffic: Traffic; readonly state: MarkState }
  | { readonly kind: 'group'; readonly services: number; readonly traffic: Traffic; readonly state: MarkState; readonly ring: RingCounts; readonly center: string }
  /** An expanded service's box knows the service. */
  | { readonly kind: 'box'; readonly box: 'namespace' | 'zone' | 'service'; readonly service?: { readonly node: ServiceNode; readonly traffic: Traffic } }
  | { readonly kind: 'external' }
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
  /** Services that the registry has, and those that the view lets through. */
  readonly services: number;
  readonly shown: number;
  /** True where whole namespaces are drawn as one because there would be too many marks. */
  readonly grouped: boolean;
}

/** What to draw of the state under a view: a pure function, of at most 500 marks. */
export function buildScene(state: TopologyState, expanded: ReadonlyMap<string, ServiceState>, view: View): Scene {
  // Within the limit a search dims what does not match, and keeps its surroundings; beyond it, only matches are drawn.
  const context = visibleServices(state, { ...view, search: '' });
  const visible = context.size > maxDrawnNodes ? visibleServices(state, view) : context;
  const instanceMarks = [...expanded].reduce((sum, [name, service]) => sum + (visible.has(name) ? service.instances.size : 0), 0);
  if (visible.size + instanceMarks > maxDrawnNodes) return groupedScene(state, visible);
  return view.grouping === 'zone' ? zoneScene(state, visible) : serviceScene(state, expanded, visible, view);
}

export function serviceState(node: ServiceNode): MarkState {
  if (node.panic) return 'panic';
  switch (node.health) {
    case 'unhealthy': return 'unhealthy';
    case 'degraded': return 'degraded';
    case 'healthy': return node.draining > 0 ? 'draining' : 'healthy';
    default: return 'unknown';
  }
}

/** What an operator wants of an instance comes before what was observed: both stand in its facts. */
export function instanceState(health: Health, intent: Intent): MarkState {
  if (intent !== 'active') return intent;
  return health === 'empty' ? 'unknown' : health;
}

export const serviceId = (service: string): string => `s:${service}`;
export const instanceId = (service: string, id: string): string => `i:${service}/${id}`;

/** The services that the view's filters leave, before any limit. */
export function visibleServices(state: TopologyState, view: View): ReadonlySet<string> {
  const search = view.search.trim().toLowerCase();
  const near = view.focus === null ? null : neighbours(state, view.focus, view.hops);
  const visible = new Set<string>();
  for (const node of state.nodes.values()) {
    if (near && !near.has(node.service)) continue;
    if (view.namespace !== null && node.namespace !== view.namespace) continue;
    if (view.filter === 'trouble' && serviceState(node) === 'healthy' && (state.trafficOf(node.service).errorRate ?? 0) < 0.01) continue;
    if (search && !node.service.toLowerCase().includes(search)) continue;
    visible.add(node.service);
  }
  return visible;
}

function neighbours(state: TopologyState, focus: string, hops: number): ReadonlySet<string> {
  const near = new Set([focus]);
  let rim = [focus];
  for (let hop = 0; hop < hops && rim.length > 0; hop++) {
    const next: string[] = [];
    for (const edge of state.edges.values()) {
      for (const [from, to] of [[edge.source, edge.target], [edge.target, edge.source]] as const) {
        if (rim.includes(from) && !near.has(to)) { near.add(to); next.push(to); }
      }
    }
    rim = next;
  }
  return near;
}

function serviceScene(state: TopologyState, expanded: ReadonlyMap<string, ServiceState>, visible: ReadonlySet<string>, view: View): Scene {
  const nodes: SceneNode[] = [];
  const ids = new Map<string, string>();
  const boxes = new Set<string>();
  const box = (id: string, title: string, kind: 'namespace' | 'zone' | 'service', parent: string | null = null): string => {
    if (!boxes.has(id)) {
      boxes.add(id);
      nodes.push(kind === 'service'
        ? { id, parent, title, kind: 'box', box: kind, service: { node: state.nodes.get(title)!, traffic: state.trafficOf(title) }, opens: { kind: 'service', name: title } }
        : { id, parent, title, kind: 'box', box: kind, opens: { kind: 'none', name: '' } });
    }
    return id;
  };

  for (const service of visible) {
    const node = state.nodes.get(service)!;
    const parent = view.grouping === 'namespace' && node.namespace ? box(`n:${node.namespace}`, node.namespace, 'namespace') : null;
    ids.set(service, serviceId(service));
    const instances = expanded.get(service)?.instances;
    if (instances && instances.size > 0) {
      box(serviceId(service), service, 'service', parent);
      for (const instance of instances.values()) {
        nodes.push({
          id: instanceId(service, instance.id), parent: serviceId(service), title: instance.id, kind: 'instance', service, instance,
          traffic: expanded.get(service)!.trafficOf(instance.id), state: instanceState(instance.health, instance.intent),
          opens: { kind: 'service', name: service },
        });
      }
    } else {
      nodes.push(serviceMark(state, node, parent));
    }
  }

  for (const ghost of visibleGhosts(state, view)) {
    ids.set(ghost.name, `g:${ghost.name}`);
    nodes.push({ id: `g:${ghost.name}`, parent: null, title: ghost.name, kind: 'ghost', leftAt: ghost.leftAt, opens: { kind: 'none', name: '' } });
  }

  const edges: SceneEdge[] = [];
  for (const edge of state.edges.values()) {
    const target = ids.get(edge.target);
    if (!target) continue;
    let source = ids.get(edge.source);
    // A caller that the registry does not know: drawn beside whom it calls, unless a filter hides it.
    if (!source && !state.nodes.has(edge.source)) {
      source = `x:${edge.source}`;
      ids.set(edge.source, source);
      nodes.push({ id: source, parent: null, title: edge.source || 'outside', kind: 'external', opens: { kind: 'none', name: '' } });
    }
    if (source) edges.push({ id: `e:${source}>${target}`, source, target, edge, idle: edge.rps === 0 });
  }
  return { nodes, edges, services: state.nodes.size, shown: visible.size, grouped: false };
}

function serviceMark(state: TopologyState, node: ServiceNode, parent: string | null): SceneNode {
  return {
    id: serviceId(node.service), parent, title: node.service, kind: 'service', node, traffic: state.trafficOf(node.service),
    state: serviceState(node), ring: node, center: `${node.eligible}/${node.total}`, opens: { kind: 'service', name: node.service },
  };
}

function visibleGhosts(state: TopologyState, view: View): readonly Ghost[] {
  if (view.focus !== null || view.namespace !== null || view.filter !== 'all') return [];
  const search = view.search.trim().toLowerCase();
  return state.ghosts.filter(ghost => !state.nodes.has(ghost.name) && ghost.name.toLowerCase().includes(search)).slice(0, 50);
}

/** A board of zones: each service once per zone that it lives in. Calls are reported per service and not per zone, so it has no edges. */
function zoneScene(state: TopologyState, visible: ReadonlySet<string>): Scene {
  const nodes: SceneNode[] = [];
  const boxes = new Set<string>();
  for (const service of visible) {
    const node = state.nodes.get(service)!;
    for (const { zone, total, serving } of node.zones) {
      const id = `z:${zone}`;
      if (!boxes.has(id)) {
        boxes.add(id);
        nodes.push({ id, parent: null, title: zone || 'no zone', kind: 'box', box: 'zone', opens: { kind: 'none', name: '' } });
      }
      nodes.push({
        id: `${id}/${service}`, parent: id, title: service, kind: 'service', node, traffic: state.trafficOf(service), zone,
        state: serving === total ? 'healthy' : serviceState(node) === 'healthy' ? 'unknown' : serviceState(node),
        // What does not serve may be ill, drained or not judged: the ring says only that it does not.
        ring: { healthy: serving, degraded: 0, unhealthy: 0, unknown: total - serving }, center: `${serving}/${total}`,
        opens: { kind: 'service', name: service },
      });
      if (nodes.length >= maxDrawnNodes) return groupedScene(state, visible);
    }
  }
  return { nodes, edges: [], services: state.nodes.size, shown: visible.size, grouped: false };
}

const severity: readonly MarkState[] = ['healthy', 'unknown', 'draining', 'drained', 'maintenance', 'degraded', 'unhealthy', 'panic'];

interface Group {
  readonly name: string;
  services: number;
  eligible: number;
  total: number;
  healthy: number;
  degraded: number;
  unhealthy: number;
  unknown: number;
  rps: number;
  failures: number;
  inFlight: number;
  worst: MarkState;
}

/** Namespaces as single marks, or within one namespace the names up to their first dash; the largest groups first. */
function groupedScene(state: TopologyState, visible: ReadonlySet<string>): Scene {
  const groups = new Map<string, Group>();
  const byNamespace = new Set([...visible].map(service => state.nodes.get(service)!.namespace)).size > 1;
  const key = (service: string): string => byNamespace ? state.nodes.get(service)!.namespace : /^[^-.]*/.exec(service)![0];
  for (const service of visible) {
    const node = state.nodes.get(service)!;
    const group = groupOf(groups, key(service));
    const traffic = state.trafficOf(service);
    group.services++;
    group.eligible += node.eligible;
    group.total += node.total;
    group.healthy += node.healthy;
    group.degraded += node.degraded;
    group.unhealthy += node.unhealthy;
    group.unknown += node.unknown;
    group.rps += traffic.rps;
    group.failures += traffic.rps * (traffic.errorRate ?? 0);
    group.inFlight += traffic.inFlight;
    const mark = serviceState(node);
    if (severity.indexOf(mark) > severity.indexOf(group.worst)) group.worst = mark;
  }

  const ranked = [...groups.values()].sort((a, b) => b.services - a.services || a.name.localeCompare(b.name));
  const drawn = ranked.slice(0, maxDrawnNodes - 1);
  const names = new Set(drawn.map(group => group.name));
  const nodes = drawn.map(group => groupMark(group, byNamespace));
  const edges = new Map<string, Edge>();
  for (const edge of state.edges.values()) {
    if (!visible.has(edge.source) || !visible.has(edge.target)) continue;
    const source = key(edge.source);
    const target = key(edge.target);
    if (source === target || !names.has(source) || !names.has(target)) continue;
    const pair = `${source}>${target}`;
    const sum = edges.get(pair) ?? { source, target, rps: 0, errorRate: null, p50: null, p95: null, p99: null };
    const rps = sum.rps + edge.rps;
    edges.set(pair, { ...sum, rps, errorRate: rps === 0 ? null : (sum.rps * (sum.errorRate ?? 0) + edge.rps * (edge.errorRate ?? 0)) / rps });
  }
  return {
    nodes,
    edges: [...edges].map(([pair, edge]) => ({ id: `e:n:${pair}`, source: `n:${edge.source}`, target: `n:${edge.target}`, edge, idle: edge.rps === 0 })),
    services: state.nodes.size, shown: visible.size, grouped: true,
  };
}

function groupOf(groups: Map<string, Group>, name: string): Group {
  let group = groups.get(name);
  if (!group) {
    groups.set(name, group = {
      name, services: 0, eligible: 0, total: 0, healthy: 0, degraded: 0, unhealthy: 0, unknown: 0, rps: 0, failures: 0, inFlight: 0, worst: 'healthy',
    });
  }
  return group;
}

function groupMark(group: Group, byNamespace: boolean): SceneNode {
  return {
    id: `n:${group.name}`, parent: null, title: byNamespace ? group.name || 'no namespace' : `${group.name}…`, kind: 'group', services: group.services,
    traffic: { ...idle, rps: group.rps, errorRate: group.rps === 0 ? null : group.failures / group.rps, inFlight: group.inFlight },
    state: group.worst, ring: group, center: group.services.toString(), opens: { kind: byNamespace ? 'namespace' : 'search', name: group.name },
  };
}
