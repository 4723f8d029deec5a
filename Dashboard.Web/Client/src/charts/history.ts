import type { Mark, MarkKind, Sample } from '../frames.js';

/** A line of the past as the API tells it. */
export interface Line { readonly samples: readonly Sample[]; readonly marks: readonly Mark[]; readonly step: number }

interface Answer {
  readonly stepSeconds: number;
  readonly points: readonly { at: string; rps: number | null; errorRate: number | null; p50Ms: number | null; p95Ms: number | null; p99Ms: number | null }[];
  readonly marks: readonly { revision: number; at: string; action: string; target: string; actor: string; kind: MarkKind; reason: string | null }[];
}

const keptFor = 15_000;
const asked = new Map<string, { at: number; line: Promise<Line> }>();

/** Three charts of one service ask for one line: it is fetched once. */
export function history(service: string, from: number, to: number | null, source: string | null = null): Promise<Line> {
  const key = `${service} ${from} ${to} ${source}`;
  const known = asked.get(key);
  if (known && performance.now() - known.at < keptFor) return known.line;
  const line = fetchLine(service, from, to, source);
  asked.set(key, { at: performance.now(), line });
  line.catch(() => asked.delete(key));
  for (const [old, { at }] of asked) if (performance.now() - at > keptFor) asked.delete(old);
  return line;
}

async function fetchLine(service: string, from: number, to: number | null, source: string | null): Promise<Line> {
  const query = new URLSearchParams({ from: new Date(from).toISOString() });
  if (to !== null) query.set('to', new Date(to).toISOString());
  if (source !== null) query.set('source', source);
  const answer = await fetch(`/api/v1/history/${encodeURIComponent(service)}?${query.toString()}`, { headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Error(`the history answered ${answer.status}`);
  const line = await answer.json() as Answer;
  return {
    step: line.stepSeconds,
    samples: line.points.map(point => ({ at: Date.parse(point.at), rps: point.rps, errorRate: point.errorRate, p50: point.p50Ms, p95: point.p95Ms, p99: point.p99Ms })),
    marks: line.marks.map(mark => ({ revision: mark.revision, at: Date.parse(mark.at), action: mark.action, target: mark.target, actor: mark.actor, kind: mark.kind, ...(mark.kind === 'alert' && mark.reason !== null ? { summary: mark.reason } : {}) })),
  };
}
