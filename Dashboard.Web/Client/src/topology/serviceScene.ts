import type { ServiceNode } from '../frames.js';
import type { ServiceState } from '../live/serviceState.js';
import type { TopologyState } from '../live/topologyState.js';
import { EdgeSums, thinned } from './edges.js';
import { groupMarks, type SceneParts } from './groupScene.js';
import { groupId, instanceId, opensNothing, serviceId, type Scene, type SceneEdge, type SceneNode } from './scene.js';
import { instanceState, serviceState } from './states.js';
import { maxDrawnNodes } from './view.js';
import { visibleGhosts, type Distances } from './visible.js';

const mostGhosts = 50;
// So many callers from outside stand for themselves; more are one mark.
const mostExternals = 12;

export interface ServiceParts extends SceneParts {
  /** The services that stand for themselves; other visible ones, and around an open group those that it talks with, are drawn as their groups. */
  readonly singles: ReadonlySet<string>;
  readonly columns: Distances | null;
}

/** Services one by one, some of them as their instances. */
export function serviceScene(parts: ServiceParts, expanded: ReadonlyMap<string, ServiceState>): Scene {
  const { state, view, visible, scope, singles } = parts;
  const marks = new Marks(parts);
  for (const service of singles) marks.addService(state.nodes.get(service)!, expanded.get(service));
  const around = new Set([...visible].filter(service => !singles.has(service)));
  if (view.inside !== null && view.focus === null) for (const service of talkingWith(state, singles)) around.add(service);
  marks.addGroups(around);
  for (const ghost of visibleGhosts(state, view, Math.min(mostGhosts, marks.room - mostExternals - 1))) marks.addGhost(ghost.name, ghost.leftAt);
  const edges = marks.edges();
  const { nodes, columns } = marks;
  const crowded = columns ? byColumns(edges, columns, nodes.length, parts.drawn) : view.inside !== null || nodes.length > 120 ? thinned(edges, nodes.length, parts.drawn) : { edges, quiet: [] };
  return { nodes, ...crowded, services: state.nodes.size, shown: visible.size, grouped: around.size > 0 && view.inside === null, scope, columns };
}

/** The services outside a set that call it or are called by it. */
function talkingWith(state: TopologyState, inside: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const service of inside) {
    for (const other of state.calleesOf(service)) if (!inside.has(other) && state.nodes.has(other)) found.add(other);
    for (const other of state.callersOf(service)) if (!inside.has(other) && state.nodes.has(other)) found.add(other);
  }
  return found;
}

class Marks {
  readonly nodes: SceneNode[] = [];
  readonly columns: Map<string, number> | null;
  readonly #ids = new Map<string, string>();
  readonly #boxes = new Set<string>();
  readonly #sums = new EdgeSums();

  constructor(readonly parts: ServiceParts) {
    this.columns = parts.columns ? new Map() : null;
  }

  get room(): number { return maxDrawnNodes - this.nodes.length; }

  addService(node: ServiceNode, expanded: ServiceState | undefined): void {
    const { state, view, grouper } = this.parts;
    const service = node.service;
    const key = grouper.keyOf(node);
    // A group around a single namespace, or around what belongs to none, says nothing.
    const boxed = view.grouping !== 'none' && view.grouping !== 'zone' && this.columns === null && key !== '';
    const parent = boxed ? this.#box(groupId(key), { title: grouper.titleOf(key), box: 'group' }) : null;
    const id = serviceId(service);
    this.#put(service, id, this.parts.columns?.get(service));
    const instances = expanded?.instances;
    if (!expanded || !instances || instances.size === 0 || instances.size > this.room - 40) {
      this.nodes.push(serviceMark(state, node, parent));
      return;
    }
    this.#boxes.add(id);
    this.nodes.push({ id, parent, title: service, kind: 'box', box: 'service', service: { node, traffic: state.trafficOf(service) }, opens: { kind: 'service', name: service } });
    for (const instance of instances.values()) {
      this.nodes.push({
        id: instanceId(service, instance.id), parent: id, title: instance.id, kind: 'instance', service, instance, traffic: expanded.trafficOf(instance.id),
        state: instanceState(instance.health, instance.intent), opens: { kind: 'service', name: service },
      });
    }
  }

  addGroups(services: ReadonlySet<string>): void {
    if (services.size === 0) return;
    const { state, grouper } = this.parts;
    const { nodes, ids } = groupMarks(state, services, grouper, Math.max(2, Math.min(80, this.room - mostExternals - 2)));
    this.nodes.push(...nodes);
    for (const service of services) {
      const id = ids.get(grouper.keyOf(state.nodes.get(service)!))!;
      const at = this.parts.columns?.get(service);
      this.#put(service, id, this.columns?.get(id) ?? at);
    }
  }

  addGhost(name: string, leftAt: number): void {
    this.nodes.push({ id: `g:${name}`, parent: null, title: name, kind: 'ghost', leftAt, opens: opensNothing });
    this.#ids.set(name, `g:${name}`);
  }

  edges(): SceneEdge[] {
    const { state } = this.parts;
    const outside = new Set<string>();
    for (const edge of state.edges.values()) if (!state.nodes.has(edge.source) && !this.#ids.has(edge.source) && this.#ids.has(edge.target)) outside.add(edge.source);
    // Callers that the registry does not know: drawn beside whom they call, unless a filter hides it.
    const apart = outside.size <= Math.min(mostExternals, this.room);
    for (const caller of outside) {
      const id = apart ? `x:${caller}` : 'x:\u0000all';
      if (!this.nodes.some(node => node.id === id)) {
        this.nodes.push({ id, parent: null, title: apart ? caller || 'outside' : `${outside.size} callers outside`, kind: 'external', callers: apart ? 1 : outside.size, opens: opensNothing });
        this.columns?.set(id, -1 - Math.max(0, ...[...this.columns.values()].map(column => -column)));
      }
      this.#ids.set(caller, id);
    }
    for (const edge of state.edges.values()) {
      const [source, target] = [this.#ids.get(edge.source), this.#ids.get(edge.target)];
      // What groups around call among themselves is not what this view is about.
      if (source && target && (source !== target || source.startsWith('s:')) && !(source.startsWith('n:') && target.startsWith('n:'))) this.#sums.add(source, target, edge);
    }
    return this.#sums.edges(new Map(this.nodes.map(node => [node.id, node.title])));
  }

  #put(service: string, id: string, column: number | undefined): void {
    this.#ids.set(service, id);
    if (column !== undefined) this.columns?.set(id, column);
  }

  #box(id: string, { title, box }: { title: string; box: 'group' }): string {
    if (!this.#boxes.has(id)) {
      this.#boxes.add(id);
      this.nodes.push({ id, parent: null, title, kind: 'box', box, opens: opensNothing });
    }
    return id;
  }
}

/** Around a focus the calls that lead to and from it; what services of one column call among themselves, and in a crowd all but the strongest, on demand. */
function byColumns(edges: readonly SceneEdge[], columns: ReadonlyMap<string, number>, marks: number, drawn: ReadonlySet<string>): { edges: SceneEdge[]; quiet: SceneEdge[] } {
  const across = edges.filter(edge => columns.get(edge.source) !== columns.get(edge.target));
  const within = edges.filter(edge => columns.get(edge.source) === columns.get(edge.target));
  const near = across.filter(edge => columns.get(edge.source) === 0 || columns.get(edge.target) === 0);
  const far = thinned(across.filter(edge => columns.get(edge.source) !== 0 && columns.get(edge.target) !== 0), marks, drawn);
  return { edges: [...near, ...far.edges], quiet: [...within, ...far.quiet] };
}

export function serviceMark(state: TopologyState, node: ServiceNode, parent: string | null): SceneNode {
  return {
    id: serviceId(node.service), parent, title: node.service, kind: 'service', node, traffic: state.trafficOf(node.service),
    state: serviceState(node), ring: node, center: `${node.eligible}/${node.total}`, opens: { kind: 'service', name: node.service },
  };
}
