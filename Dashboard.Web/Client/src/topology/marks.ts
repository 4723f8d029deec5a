import type { Edge, ServiceNode, Traffic } from '../frames.js';
import { age, ahead, clockTime, exactTime, milliseconds, percent, rate } from '../format.js';
import type { Palette } from '../theme.js';
import { dataUri, externalSvg, instanceSvg, ringSvg, stateWords } from './ring.js';
import type { RingCounts, Scene, SceneEdge, SceneNode } from './scene.js';
import type { MarkState } from './states.js';

export type MarkData = Readonly<Record<string, string | number | boolean>>;

/** How full a scene is. */
export interface Crowd {
  /** So many marks that only boxes can be named from afar. */
  readonly crowded: boolean;
  /** So many calls that a label would stand behind a mark: they are said on demand. */
  readonly dense: boolean;
  /** Among many there are a few that must not be missed: their names are written large. */
  readonly loud: boolean;
  /** The service that all is about. */
  readonly focus: string | null;
}

export const someErrors = 0.01;
export const badErrors = 0.05;

/** From scene to what the canvas draws: element data, with pictures made once per distinct look. */
export class Marks {
  readonly #pictures = new Map<string, string>();

  constructor(readonly palette: Palette) {}

  node(node: SceneNode, now: number, { crowded, loud, focus }: Crowd): MarkData {
    const base = { id: node.id, kind: node.kind, ...(node.parent === null ? {} : { parent: node.parent }) };
    switch (node.kind) {
      case 'service': return {
        ...base, size: 60, font: (loud && isUrgent(node.state)) || (crowded && node.title === focus) ? 34 : isNamedByBox(node) ? 16 : 13,
        label: node.zone !== undefined ? shorten(node.title) : `${shorten(isNamedByBox(node) ? withoutNamespace(node.title) : node.title)}\n${rate(node.traffic.rps)}/s${backIn(node.node.backAt, now)}`,
        picture: this.#ring(node.ring, node.center, node.state),
      };
      case 'group': return {
        ...base, size: 76, font: crowded ? 18 : 13,
        label: `${shorten(node.title)}${node.zone === undefined ? `\n${rate(node.traffic.rps)}/s` : ''}${node.troubled > 0 ? `\n${node.troubled} in trouble` : ''}`,
        picture: this.#ring(rounded(node.ring), node.center, node.state),
      };
      case 'instance':
        return {
          ...base, size: 26, font: 11, label: `${shorten(withoutService(node.title, node.service), 14)}\n${rate(node.traffic.rps)}/s${backIn(node.instance.until, now)}`,
          picture: this.#picture(`i/${node.state}/${node.instance.serving}`, () => instanceSvg(node.state, node.instance.serving, this.palette)),
        };
      case 'box': return { ...base, box: node.box, label: node.title, font: crowded ? 56 : node.box === 'service' ? 13 : 20 };
      case 'external': return { ...base, size: 40, font: 13, label: shorten(node.title), picture: this.#picture('x', () => externalSvg(this.palette)) };
      case 'ghost': return { ...base, label: `${shorten(node.title)}\nleft ${age((now - node.leftAt) / 1000)} ago` };
    }
  }

  edge(edge: SceneEdge, { crowded, dense }: Crowd): MarkData {
    const errors = edge.edge.errorRate ?? 0;
    const trouble = edge.idle || errors < someErrors ? 'none' : errors < badErrors ? 'some' : 'bad';
    const color = trouble === 'none' ? this.palette.edge : trouble === 'some' ? this.palette.degraded : this.palette.unhealthy;
    return {
      id: edge.id, source: edge.source, target: edge.target, trouble, color, idle: edge.idle, said: trouble !== 'none' && !dense, opacity: edge.idle ? 0.4 : crowded && trouble === 'none' ? 0.5 : 1,
      width: edgeWidth(edge.edge.rps),
    };
  }

  #ring(ring: RingCounts, center: string, state: MarkState): string {
    const key = `${ring.healthy}/${ring.degraded}/${ring.unhealthy}/${ring.unknown}/${center}/${state}`;
    return this.#picture(key, () => ringSvg(ring, center, state, this.palette));
  }

  #picture(key: string, draw: () => string): string {
    let picture = this.#pictures.get(key);
    if (!picture) this.#pictures.set(key, picture = dataUri(draw()));
    return picture;
  }
}

const ringSteps = 24;

// A ring of hundreds changes all the time: in steps it needs few pictures. What is there at all is seen.
function rounded(ring: RingCounts): RingCounts {
  const total = ring.healthy + ring.degraded + ring.unhealthy + ring.unknown;
  if (total <= ringSteps) return ring;
  const part = (count: number): number => count === 0 ? 0 : Math.max(1, Math.round(count * ringSteps / total));
  return { healthy: part(ring.healthy), degraded: part(ring.degraded), unhealthy: part(ring.unhealthy), unknown: part(ring.unknown) };
}

/** Not to be missed at any distance. */
export function isUrgent(state: MarkState): boolean { return state === 'unhealthy' || state === 'panic'; }

/** Thickness by order of magnitude, in half steps: 1 /s is thin, 1,000 /s thick, and a small swing redraws nothing. */
export function edgeWidth(rps: number): number {
  return Math.round(Math.min(7, 1.2 + 1.6 * Math.log10(1 + rps)) * 2) / 2;
}

/** What a call says where it says something. */
export function edgeLabel(edge: Edge): string {
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

// In its namespace's box a service needs no more than its own name.
function isNamedByBox(node: SceneNode): boolean { return node.kind === 'service' && node.parent !== null && node.node.namespace !== '' && node.parent === `n:${node.node.namespace}`; }

function withoutNamespace(service: string): string { return service.slice(0, service.indexOf('.')); }

/** A label, what it says, and where that is a time the exact one. */
export type Fact = readonly [label: string, value: string, exact?: string];

// A maintenance that ends by itself is visible wherever its instances are.
function backIn(at: number | null, now: number): string { return at === null ? '' : `\nback in ${ahead((at - now) / 1000)}`; }

function backFact(at: number | null, now: number): readonly Fact[] {
  return at === null ? [] : [['Back in rotation', `in ${ahead((at - now) / 1000)}, at ${clockTime(at)}, unless renewed`, exactTime(at)]];
}

/** What a chosen node tells; also read out, so it must make sense without the picture. */
export function nodeFacts(node: SceneNode, now: number): readonly Fact[] {
  switch (node.kind) {
    case 'service': return serviceFacts(node.node, node.traffic, now);
    case 'instance': return [
      ['Health', node.instance.health], ['Intent', node.instance.intent], ...backFact(node.instance.until, now), ['Serving', node.instance.serving ? 'yes' : 'no'],
      ['Weight', node.instance.weight.toString()], ['Requests', `${rate(node.traffic.rps)} /s`], ['Errors', percent(node.traffic.errorRate)],
      ['p95', milliseconds(node.traffic.p95)], ['In flight', inFlight(node.traffic)],
      ['Address', `${node.instance.address}:${node.instance.port}`], ['Host', `${node.instance.node || '–'} in ${node.instance.zone || 'no zone'}`],
    ];
    case 'group': return [
      ['Services', node.services.toString()], ['In trouble', node.troubled.toString()], ['Worst health', stateWords[node.state]],
      ...(node.zone === undefined ? trafficFacts(node.traffic) : [['Serving', `${node.ring.healthy} of ${node.ring.healthy + node.ring.unknown} instances`] as const]),
    ];
    case 'external': return [['Kind', node.callers === 1 ? 'a caller that the registry does not hold' : 'callers that the registry does not hold']];
    case 'ghost': return [['State', 'left the registry']];
    case 'box': return node.service ? serviceFacts(node.service.node, node.service.traffic, now) : [];
  }
}

function serviceFacts(n: ServiceNode, traffic: Traffic, now: number): readonly Fact[] {
  const facts: Fact[] = [
    ['Health', stateWords[n.panic ? 'panic' : n.health === 'empty' ? 'unknown' : n.health] + (n.brake ? ', removal braked' : '')],
    ['Eligible', `${n.eligible} of ${n.total}`],
    ['Requests', `${rate(traffic.rps)} /s`],
    ['Errors', percent(traffic.errorRate)],
    ['p50 / p95 / p99', [traffic.p50, traffic.p95, traffic.p99].map(milliseconds).join(' / ')],
    ['In flight', inFlight(traffic) + (traffic.longLived > 0 ? ` + ${traffic.longLived} long-lived` : '')],
  ];
  if (n.unhealthy > 0) facts.push(['Unhealthy', n.unhealthy.toString()]);
  if (n.draining > 0) facts.push(['Draining', n.draining.toString()]);
  if (n.drained > 0) facts.push(['Drained', n.drained.toString()]);
  if (n.inMaintenance > 0) facts.push(['In maintenance', n.inMaintenance.toString()], ...backFact(n.backAt, now));
  if (n.zones.length > 0) facts.push(['Zones', n.zones.map(z => `${z.zone || 'none'} ${z.serving}/${z.total}`).join(', ')]);
  return facts;
}

function trafficFacts(traffic: Traffic): readonly (readonly [label: string, value: string])[] {
  return [['Requests', `${rate(traffic.rps)} /s`], ['Errors', percent(traffic.errorRate)], ['In flight', inFlight(traffic)]];
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
  if (scene.services > 0 && scene.shown === 0) return 'No service matches the filters.';
  if (scene.missed) return 'No service is called so. Instances stand in the list under the search.';
  const boards = 'Serving of total by zone. Calls are reported per service, so this board has no edges.';
  if (zones) return scene.grouped ? `${scene.shown} services, drawn as groups by zone. ${boards}` : boards;
  const calls = scene.quiet.length > 0 ? ' The strongest calls are drawn; choose a mark for all of its calls.' : '';
  if (scene.grouped && scene.columns) return `${scene.shown} services around; the farthest are drawn as groups.${calls}`;
  if (scene.grouped) return `${scene.shown} services, drawn as groups. Open a group, search or focus to see its services.${calls}`;
  const shown = scene.shown < scene.services ? `${scene.shown} of ${scene.services} services.` : '';
  return shown + calls === '' ? null : (shown + calls).trim();
}
