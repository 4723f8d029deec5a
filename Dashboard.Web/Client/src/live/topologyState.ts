import type { Edge, Ghost, ServiceNode, TopologyFrame, Traffic } from '../frames.js';

export const idle: Traffic = { rps: 0, errorRate: null, inFlight: 0, longLived: 0, inFlightKnown: true, p50: null, p95: null, p99: null };

const unknown: Traffic = { ...idle, rps: NaN, inFlightKnown: false };

export function edgeKey(source: string, target: string): string { return `${source}\u0000${target}`; }

/** The graph as the frames so far tell it. A delta that does not follow the last frame leaves it untouched. */
export class TopologyState {
  readonly nodes = new Map<string, ServiceNode>();
  readonly traffic = new Map<string, Traffic>();
  readonly edges = new Map<string, Edge>();
  ghosts: readonly Ghost[] = [];
  revision = 0;
  at = 0;
  staleSince: number | null = null;
  trafficKnown = true;
  readonly #callees = new Map<string, Set<string>>();
  readonly #callers = new Map<string, Set<string>>();
  #sequence = -1;
  #generation = '';

  /** False: a frame is missing, and a full one must be asked for. */
  apply(frame: TopologyFrame): boolean {
    if (frame.kind === 'full') {
      this.nodes.clear();
      this.traffic.clear();
      this.edges.clear();
      this.#callees.clear();
      this.#callers.clear();
    } else if (this.#sequence < 0 || frame.sequence !== this.#sequence + 1 || frame.generation !== this.#generation) {
      return false;
    }
    this.#sequence = frame.sequence;
    this.#generation = frame.generation;
    this.revision = frame.revision;
    this.at = frame.at;
    this.staleSince = frame.staleSince;
    this.trafficKnown = frame.trafficKnown;
    for (const node of frame.nodes) this.nodes.set(node.service, node);
    for (const [service, traffic] of frame.traffic) this.traffic.set(service, traffic);
    for (const edge of frame.edges) {
      this.edges.set(edgeKey(edge.source, edge.target), edge);
      link(this.#callees, edge.source, edge.target);
      link(this.#callers, edge.target, edge.source);
    }
    for (const service of frame.removed) {
      this.nodes.delete(service);
      this.traffic.delete(service);
    }
    for (const [source, target] of frame.removedEdges) {
      this.edges.delete(edgeKey(source, target));
      this.#callees.get(source)?.delete(target);
      this.#callers.get(target)?.delete(source);
    }
    if (frame.ghosts !== null) this.ghosts = frame.ghosts;
    return true;
  }

  calleesOf(service: string): ReadonlySet<string> { return this.#callees.get(service) ?? nobody; }
  callersOf(service: string): ReadonlySet<string> { return this.#callers.get(service) ?? nobody; }

  trafficOf(service: string): Traffic { return this.traffic.get(service) ?? (this.trafficKnown ? idle : unknown); }
}

const nobody: ReadonlySet<string> = new Set();

function link(all: Map<string, Set<string>>, from: string, to: string): void {
  const known = all.get(from);
  if (known) known.add(to);
  else all.set(from, new Set([to]));
}
