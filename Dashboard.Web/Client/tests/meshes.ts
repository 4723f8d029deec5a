import type { ServiceNode, TopologyFrame, Traffic } from '../src/frames.js';
import { idle, TopologyState } from '../src/live/topologyState.js';

export function node(service: string, more: Partial<ServiceNode> = {}): ServiceNode {
  const dot = service.indexOf('.');
  return {
    service, namespace: dot < 0 ? '' : service.slice(dot + 1), health: 'healthy', healthy: 2, degraded: 0, unhealthy: 0, unknown: 0, total: 2, eligible: 2,
    serving: 2, draining: 0, drained: 0, inMaintenance: 0, panic: false, brake: false, zones: [{ zone: 'zone-a', total: 2, serving: 2 }], neighbourhood: '', backAt: null, ...more,
  };
}

export function frame(sequence: number, more: Partial<TopologyFrame> = {}): TopologyFrame {
  return {
    kind: 'state', sequence, revision: sequence, generation: 'g', at: 1_000_000, staleSince: null,
    nodes: [], removed: [], traffic: [], edges: [], removedEdges: [], ghosts: null, trafficKnown: true, ...more,
  };
}

export function call(source: string, target: string, more: Partial<Traffic> = {}): TopologyFrame['edges'][number] {
  return { source, target, rps: 1, errorRate: 0, p50: 1, p95: 2, p99: 3, ...more };
}

export function mesh(nodes: readonly ServiceNode[], edges: TopologyFrame['edges'] = [], more: Partial<TopologyFrame> = {}): TopologyState {
  const state = new TopologyState();
  state.apply(frame(0, { kind: 'full', nodes, edges, ...more }));
  return state;
}

export const busy: Traffic = { ...idle, rps: 10, errorRate: 0.1 };
