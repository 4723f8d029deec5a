import type { ServiceNode, ZoneCount } from '../frames.js';
import type { TopologyState } from '../live/topologyState.js';
import { grouperOf } from './groups.js';
import { Group } from './groupScene.js';
import { opensNothing, type RingCounts, type Scene, type SceneNode } from './scene.js';
import { serviceState, type MarkState } from './states.js';
import { maxDrawnNodes, type View } from './view.js';
import { isTroubled } from './visible.js';

/**
 * A board of zones: each service once per zone that it lives in, or where that is too much each group. Calls are reported per service and not per
 * zone, so it has no edges.
 */
export function zoneScene(state: TopologyState, visible: ReadonlySet<string>, view: View, scope: string): Scene {
  let marks = 0;
  const zones = new Map<string, ServiceNode[]>();
  for (const service of visible) {
    const node = state.nodes.get(service)!;
    for (const { zone } of node.zones) {
      if (view.inside !== null && zone !== view.inside) continue;
      const there = zones.get(zone);
      if (there) there.push(node);
      else zones.set(zone, [node]);
      marks++;
    }
  }
  const grouped = marks + zones.size > maxDrawnNodes;
  const nodes: SceneNode[] = [];
  for (const zone of [...zones.keys()].sort()) {
    const id = `z:${zone}`;
    nodes.push({ id, parent: null, title: zone || 'no zone', kind: 'box', box: 'zone', opens: { kind: 'group', name: zone, grouping: 'zone' } });
    if (grouped) nodes.push(...groupsOf(state, zone, zones.get(zone)!, Math.floor(maxDrawnNodes / zones.size) - 1));
    else for (const node of zones.get(zone)!) nodes.push(markOf(state, node, zone));
  }
  return { nodes: nodes.slice(0, maxDrawnNodes), edges: [], quiet: [], services: state.nodes.size, shown: visible.size, grouped, scope, columns: null };
}

function groupsOf(state: TopologyState, zone: string, services: readonly ServiceNode[], most: number): SceneNode[] {
  const grouper = grouperOf(state, 'none');
  const groups = new Map<string, Group>();
  const sizes = new Map<string, number>();
  for (const node of state.nodes.values()) sizes.set(grouper.keyOf(node), (sizes.get(grouper.keyOf(node)) ?? 0) + 1);
  // The same groups in each zone, whatever a zone holds: the eye compares by place.
  const drawn = new Set([...sizes].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, Math.max(1, most - 1)).map(([name]) => name));
  for (const node of services) {
    const key = drawn.has(grouper.keyOf(node)) ? grouper.keyOf(node) : '\u0000rest';
    let group = groups.get(key);
    if (!group) groups.set(key, group = new Group(key));
    const here = node.zones.find(count => count.zone === zone)!;
    group.count(ringOf(node, here), stateOf(node, here), node.panic || (isTroubled(state, node.service) && here.serving < here.total));
  }
  return [...groups.values()].sort((a, b) => a.name.localeCompare(b.name)).map(group => group.name === '\u0000rest'
    ? group.mark(`z:${zone}/\u0000rest`, 'smaller groups', opensNothing, { parent: `z:${zone}`, zone })
    : group.mark(`z:${zone}/${group.name}`, grouper.titleOf(group.name), { kind: 'group', name: group.name, grouping: grouper.kind }, { parent: `z:${zone}`, zone }));
}

function markOf(state: TopologyState, node: ServiceNode, zone: string): SceneNode {
  const here = node.zones.find(count => count.zone === zone)!;
  return {
    id: `z:${zone}/${node.service}`, parent: `z:${zone}`, title: node.service, kind: 'service', node, traffic: state.trafficOf(node.service), zone,
    state: stateOf(node, here), ring: ringOf(node, here), center: `${here.serving}/${here.total}`, opens: { kind: 'service', name: node.service },
  };
}

// What does not serve may be ill, drained or not judged: the ring says only that it does not. In panic all serve, and nobody knows who should.
function ringOf(node: ServiceNode, { total, serving }: ZoneCount): RingCounts {
  if (node.panic) return { healthy: 0, degraded: 0, unhealthy: 0, unknown: total };
  return { healthy: serving, degraded: 0, unhealthy: 0, unknown: total - serving };
}

function stateOf(node: ServiceNode, { total, serving }: ZoneCount): MarkState {
  if (node.panic) return 'panic';
  if (serving === total) return 'healthy';
  const state = serviceState(node);
  return state === 'healthy' ? 'unknown' : state;
}
