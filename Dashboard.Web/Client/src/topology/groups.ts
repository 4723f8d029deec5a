import type { ServiceNode } from '../frames.js';
import type { TopologyState } from '../live/topologyState.js';
import type { Grouping } from './view.js';

/** What a service belongs to, and how that is written. */
export interface Grouper {
  readonly kind: 'namespace' | 'prefix' | 'neighbourhood';
  keyOf(node: ServiceNode): string;
  titleOf(key: string): string;
}

const namespaces: Grouper = { kind: 'namespace', keyOf: node => node.namespace, titleOf: key => key || 'no namespace' };
const prefixes: Grouper = { kind: 'prefix', keyOf: node => /^[^-.]*/.exec(node.service)![0], titleOf: key => `${key}…` };
const neighbourhoods: Grouper = { kind: 'neighbourhood', keyOf: node => node.neighbourhood, titleOf: key => key ? `around ${key}` : 'without calls' };

/** The grouping that a view asks for, or the one that tells the services apart best. */
export function grouperOf(state: TopologyState, grouping: Grouping): Grouper {
  switch (grouping) {
    case 'namespace': return namespaces;
    case 'prefix': return prefixes;
    case 'neighbourhood': return neighbourhoods;
    default: {
      let first: string | null = null;
      for (const node of state.nodes.values()) {
        if (first !== null && node.namespace !== first) return namespaces;
        first = node.namespace;
      }
      return prefixes;
    }
  }
}
