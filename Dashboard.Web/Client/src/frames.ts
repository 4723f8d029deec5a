// The live frames as Dashboard.Web/Live/Frames encodes them: MessagePack arrays, one index per [Key(n)].
// Rates are per second, latencies in milliseconds, times in Unix milliseconds of the server's clock.

export type FrameKind = 'full' | 'state' | 'traffic';
export type Health = 'unknown' | 'healthy' | 'degraded' | 'unhealthy' | 'empty';
export type Intent = 'active' | 'draining' | 'drained' | 'maintenance';

const kinds: readonly FrameKind[] = ['full', 'state', 'traffic'];
const healths: readonly Health[] = ['unknown', 'healthy', 'degraded', 'unhealthy', 'empty'];
const intents: readonly Intent[] = ['active', 'draining', 'drained', 'maintenance'];

export interface ZoneCount { readonly zone: string; readonly total: number; readonly serving: number }

export interface ServiceNode {
  readonly service: string;
  readonly namespace: string;
  readonly health: Health;
  readonly healthy: number;
  readonly degraded: number;
  readonly unhealthy: number;
  readonly unknown: number;
  readonly total: number;
  readonly eligible: number;
  readonly serving: number;
  readonly draining: number;
  readonly drained: number;
  readonly inMaintenance: number;
  readonly panic: boolean;
  readonly brake: boolean;
  readonly zones: readonly ZoneCount[];
  /** The name of a service of the group that it mostly talks with; empty when it is in none. */
  readonly neighbourhood: string;
  /** When the first maintenance of its instances ends by itself, or null. */
  readonly backAt: number | null;
}

export interface Latency { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null }

export interface Traffic extends Latency {
  readonly rps: number;
  /** 0-1; null where nothing completed. */
  readonly errorRate: number | null;
  readonly inFlight: number;
  readonly longLived: number;
  /** False where a reporter is silent: there may be more in flight. */
  readonly inFlightKnown: boolean;
}

export interface Edge extends Latency {
  readonly source: string;
  readonly target: string;
  readonly rps: number;
  readonly errorRate: number | null;
}

export interface Ghost { readonly name: string; readonly leftAt: number }

export interface FrameHead {
  readonly kind: FrameKind;
  readonly sequence: number;
  readonly revision: number;
  readonly generation: string;
  readonly at: number;
  /** Since when the registry could not be confirmed, or null while it can. */
  readonly staleSince: number | null;
}

export interface TopologyFrame extends FrameHead {
  readonly nodes: readonly ServiceNode[];
  readonly removed: readonly string[];
  readonly traffic: readonly (readonly [service: string, traffic: Traffic])[];
  readonly edges: readonly Edge[];
  readonly removedEdges: readonly (readonly [source: string, target: string])[];
  /** Null where the ghosts are as before. */
  readonly ghosts: readonly Ghost[] | null;
  /** False of a moment of the past whose traffic nobody wrote down. */
  readonly trafficKnown: boolean;
}

export interface Instance {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly node: string;
  readonly zone: string;
  readonly version: string;
  readonly weight: number;
  readonly intent: Intent;
  readonly health: Health;
  readonly serving: boolean;
  /** When its maintenance ends by itself, or null. */
  readonly until: number | null;
}

export interface Sample extends Latency {
  readonly at: number;
  /** Null where some of the traffic was never reported. */
  readonly rps: number | null;
  readonly errorRate: number | null;
}

/** What a mark tells of; in the order of the frames' numbers. */
export const markKinds = ['other', 'joined', 'left', 'recovered', 'act', 'plan', 'brake', 'alert', 'lost'] as const;
export type MarkKind = (typeof markKinds)[number];

export interface Mark {
  readonly kind: MarkKind;
  readonly revision: number;
  readonly at: number;
  readonly action: string;
  readonly target: string;
  readonly actor: string;
  /** What an alert says. */
  readonly summary?: string;
}

export interface ServiceFrame extends FrameHead {
  readonly service: string;
  readonly exists: boolean;
  readonly instances: readonly Instance[];
  readonly removed: readonly string[];
  readonly traffic: readonly (readonly [instance: string, traffic: Traffic])[];
  readonly samples: readonly Sample[];
  readonly marks: readonly Mark[];
  readonly ghosts: readonly Ghost[] | null;
  /** Requests per second of each instance, second by second up to now; only in a full frame. */
  readonly history: readonly (readonly [instance: string, rps: readonly (number | null)[]])[];
}

type Row = readonly unknown[];

export function readTopologyFrame(raw: unknown): TopologyFrame {
  const row = asRow(raw);
  return {
    ...readHead(row),
    nodes: rows(row[6], readNode),
    removed: rows(row[7], String),
    traffic: rows(row[8], readTraffic),
    edges: rows(row[9], readEdge),
    removedEdges: rows(row[10], value => { const pair = asRow(value); return [text(pair[0]), text(pair[1])] as const; }),
    ghosts: row[11] == null ? null : rows(row[11], readGhost),
    trafficKnown: row[12] !== false,
  };
}

export function readServiceFrame(raw: unknown): ServiceFrame {
  const row = asRow(raw);
  return {
    ...readHead(row),
    service: text(row[6]),
    exists: row[7] === true,
    instances: rows(row[8], readInstance),
    removed: rows(row[9], String),
    traffic: rows(row[10], readTraffic),
    samples: rows(row[11], readSample),
    marks: rows(row[12], readMark),
    ghosts: row[13] == null ? null : rows(row[13], readGhost),
    history: rows(row[14], value => { const pair = asRow(value); return [text(pair[0]), rows(pair[1], optional)] as const; }),
  };
}

function readHead(row: Row): FrameHead {
  return {
    kind: kinds[number(row[0])] ?? 'full',
    sequence: number(row[1]),
    revision: number(row[2]),
    generation: text(row[3]),
    at: number(row[4]),
    staleSince: row[5] == null ? null : number(row[5]),
  };
}

function readNode(value: unknown): ServiceNode {
  const row = asRow(value);
  return {
    service: text(row[0]),
    namespace: text(row[1]),
    health: health(row[2]),
    healthy: number(row[3]),
    degraded: number(row[4]),
    unhealthy: number(row[5]),
    unknown: number(row[6]),
    total: number(row[7]),
    eligible: number(row[8]),
    serving: number(row[9]),
    draining: number(row[10]),
    drained: number(row[11]),
    panic: row[12] === true,
    brake: row[13] === true,
    zones: rows(row[14], zone => { const z = asRow(zone); return { zone: text(z[0]), total: number(z[1]), serving: number(z[2]) }; }),
    neighbourhood: text(row[15]),
    backAt: optional(row[16]),
    inMaintenance: number(row[17]),
  };
}

function readTraffic(value: unknown): readonly [string, Traffic] {
  const row = asRow(value);
  return [text(row[0]), {
    rps: number(row[1]), errorRate: optional(row[2]), inFlight: number(row[3]), longLived: number(row[4]), inFlightKnown: row[5] !== false,
    ...latency(row, 6),
  }];
}

function readEdge(value: unknown): Edge {
  const row = asRow(value);
  return { source: text(row[0]), target: text(row[1]), rps: number(row[2]), errorRate: optional(row[3]), ...latency(row, 4) };
}

function readGhost(value: unknown): Ghost {
  const row = asRow(value);
  return { name: text(row[0]), leftAt: number(row[1]) };
}

function readInstance(value: unknown): Instance {
  const row = asRow(value);
  return {
    id: text(row[0]),
    address: text(row[1]),
    port: number(row[2]),
    node: text(row[3]),
    zone: text(row[4]),
    version: text(row[5]),
    weight: number(row[6]),
    intent: intents[number(row[7])] ?? 'active',
    health: health(row[8]),
    serving: row[9] === true,
    until: optional(row[10]),
  };
}

function readSample(value: unknown): Sample {
  const row = asRow(value);
  return { at: number(row[0]), rps: optional(row[1]), errorRate: optional(row[2]), ...latency(row, 3) };
}

function readMark(value: unknown): Mark {
  const row = asRow(value);
  return { revision: number(row[0]), at: number(row[1]), action: text(row[2]), target: text(row[3]), actor: text(row[4]), kind: markKinds[number(row[5])] ?? 'other' };
}

function latency(row: Row, from: number): Latency {
  return { p50: optional(row[from]), p95: optional(row[from + 1]), p99: optional(row[from + 2]) };
}

function asRow(value: unknown): Row {
  if (!Array.isArray(value)) throw new TypeError('a live frame holds something that is no row');
  return value;
}

function rows<T>(value: unknown, read: (value: unknown) => T): T[] {
  return value == null ? [] : asRow(value).map(read);
}

function text(value: unknown): string { return value == null ? '' : String(value); }
function number(value: unknown): number { return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : 0; }
function optional(value: unknown): number | null { return value == null ? null : number(value); }
function health(value: unknown): Health { return healths[number(value)] ?? 'unknown'; }
