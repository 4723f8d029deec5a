import type { Edge, ServiceNode, Traffic } from '../frames.js';
import { age, milliseconds, percent, rate } from '../format.js';
import type { Palette } from '../theme.js';
import { dataUri, externalSvg, instanceSvg, ringSvg, stateWords } from './ring.js';
import type { Scene, SceneEdge, SceneNode } from './scene.js';

export type MarkData = Readonly<Record<string, string | number | boolean>>;

export const someErrors = 0.01;
export const badErrors = 0.05;

/** From scene to what the canvas draws: element data, with pictures made once per distinct look. */
export class Marks {
  readonly #pictures = new Map<string, string>();

  constructor(readonly palette: Palette) {}

  /** @param crowded So many marks that only boxes can be named from afar. */
  node(node: SceneNode, now: number, crowded: boolean): MarkData {
    const base = { id: node.id, kind: node.kind, ...(node.parent === null ? {} : { parent: node.parent }) };
    switch (node.kind) {
      case 'service':
      case 'group': {
        const { healthy, degraded, unhealthy, unknown } = node.ring;
        const key = `${healthy}/${degraded}/${unhealthy}/${unknown}/${node.center}/${node.state}`;
        return {
          ...base, size: node.kind === 'group' ? 76 : 60,
          label: node.kind === 'service' && node.zone !== undefined ? shorten(node.title) : `${shorten(node.title)}\n${rate(node.traffic.rps)}/s`,
          picture: this.#picture(key, () => ringSvg(node.ring, node.center, node.state, this.palette)),
        };
      }
      case 'instance':
        return {
          ...base, size: 26, label: `${shorten(withoutService(node.title, node.service), 14)}\n${rate(node.traffic.rps)}/s`,
          picture: this.#picture(`i/${node.state}/${node.instance.serving}`, () => instanceSvg(node.state, node.instance.serving, this.palette)),
        };
      case 'box': return { ...base, box: node.box, label: node.title, font: crowded ? 56 : 13 };
      case 'external': return { ...base, size: 40, label: shorten(node.title), picture: this.#picture('x', () => externalSvg(this.palette)) };
      case 'ghost': return { ...base, label: `${shorten(node.title)}\nleft ${age((now - node.leftAt) / 1000)} ago` };
    }
  }

  edge(edge: SceneEdge): MarkData {
    const errors = edge.edge.errorRate ?? 0;
    const trouble = edge.idle || errors < someErrors ? 'none' : errors < badErrors ? 'some' : 'bad';
    const color = trouble === 'none' ? this.palette.edge : trouble === 'some' ? this.palette.degraded : this.palette.unhealthy;
    return {
      id: edge.id, source: edge.source, target: edge.target, trouble, color, idle: edge.idle,
      width: edgeWidth(edge.edge.rps), label: edgeLabel(edge.edge),
    };
  }

  #picture(key: string, draw: () => string): string {
    let picture = this.#pictures.get(key);
    if (!picture) this.#pictures.set(key, picture = dataUri(draw()));
    return picture;
  }
}

/** Thickness by order of magnitude, in half steps: 1 /s is thin, 1,000 /s thick, and a small swing redraws nothing. */
export function edgeWidth(rps: number): number {
  return Math.round(Math.min(7, 1.2 + 1.6 * Math.log10(1 + rps)) * 2) / 2;
}

function edgeLabel(edge: Edge): string {
  const errors = edge.errorRate !== null && edge.errorRate >= someErrors ? ` · ${percent(edge.errorRate)} errors` : '';
  return edge.p95 === null ? `${rate(edge.rps)}/s${errors}` : `p95 ${milliseconds(edge.p95)}${errors}`;
}

export function shorten(text: string, longest = 24): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 9)}…${text.slice(-8)}`;
}

// The box around it says the service: `orders-1` is enough as `…-1`.
function withoutService(instance: string, service: string): string {
  const name = service.split('.')[0]!;
  return instance.length > name.length && instance.startsWith(name) ? `…${instance.slice(name.length)}` : instance;
}

/** What a chosen node tells, as label and value; also read out, so it must make sense without the picture. */
export function nodeFacts(node: SceneNode): readonly (readonly [label: string, value: string])[] {
  switch (node.kind) {
    case 'service': return serviceFacts(node.node, node.traffic);
    case 'instance': return [
      ['Health', node.instance.health], ['Intent', node.instance.intent], ['Serving', node.instance.serving ? 'yes' : 'no'],
      ['Weight', node.instance.weight.toString()], ['Requests', `${rate(node.traffic.rps)} /s`], ['Errors', percent(node.traffic.errorRate)],
      ['p95', milliseconds(node.traffic.p95)], ['In flight', inFlight(node.traffic)],
      ['Address', `${node.instance.address}:${node.instance.port}`], ['Host', `${node.instance.node || '–'} in ${node.instance.zone || 'no zone'}`],
    ];
    case 'group': return [['Services', node.services.toString()], ['Worst health', stateWords[node.state]], ['Requests', `${rate(node.traffic.rps)} /s`], ['Errors', percent(node.traffic.errorRate)]];
    case 'external': return [['Kind', 'a caller that the registry does not hold']];
    case 'ghost': return [['State', 'left the registry']];
    case 'box': return node.service ? serviceFacts(node.service.node, node.service.traffic) : [];
  }
}

function serviceFacts(n: ServiceNode, traffic: Traffic): readonly (readonly [label: string, value: string])[] {
  const facts: (readonly [string, string])[] = [
    ['Health', stateWords[n.panic ? 'panic' : n.health === 'empty' ? 'unknown' : n.health] + (n.brake ? ', removal braked' : '')],
    ['Eligible', `${n.eligible} of ${n.total}`],
    ['Requests', `${rate(traffic.rps)} /s`],
    ['Errors', percent(traffic.errorRate)],
    ['p50 / p95 / p99', [traffic.p50, traffic.p95, traffic.p99].map(milliseconds).join(' / ')],
    ['In flight', inFlight(traffic) + (traffic.longLived > 0 ? ` + ${traffic.longLived} long-lived` : '')],
  ];
  if (n.unhealthy > 0) facts.push(['Unhealthy', n.unhealthy.toString()]);
  if (n.draining > 0) facts.push(['Draining', n.draining.toString()]);
  if (n.outOfService > 0) facts.push(['Drained or in maintenance', n.outOfService.toString()]);
  if (n.zones.length > 0) facts.push(['Zones', n.zones.map(z => `${z.zone || 'none'} ${z.serving}/${z.total}`).join(', ')]);
  return facts;
}

function inFlight(traffic: Traffic): string { return `${traffic.inFlight}${traffic.inFlightKnown ? '' : ' or more'}`; }

export function edgeFacts(edge: Edge): readonly (readonly [label: string, value: string])[] {
  return [
    ['Requests', edge.rps === 0 ? 'none in the last seconds' : `${rate(edge.rps)} /s`], ['Errors', percent(edge.errorRate)],
    ['p50', milliseconds(edge.p50)], ['p95', milliseconds(edge.p95)], ['p99', milliseconds(edge.p99)],
  ];
}

/** One line on what a view holds back, or null where it shows everything. */
export function sceneNote(scene: Scene, zones: boolean): string | null {
  if (scene.grouped) return `${scene.shown} services, drawn as groups. Open a group, search or focus to see its services.`;
  if (scene.services > 0 && scene.shown === 0) return 'No service matches the filters.';
  if (zones) return 'Serving of total by zone. Calls are reported per service, so this board has no edges.';
  return scene.shown < scene.services ? `${scene.shown} of ${scene.services} services` : null;
}
