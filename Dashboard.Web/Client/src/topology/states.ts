import type { Health, Intent, ServiceNode } from '../frames.js';

/** The one state that a mark shows: the worst that holds, so that colour, shape and word always agree. */
export type MarkState = 'healthy' | 'degraded' | 'unhealthy' | 'panic' | 'draining' | 'drained' | 'maintenance' | 'unknown';

/** From fine to worst. */
export const severity: readonly MarkState[] = ['healthy', 'unknown', 'draining', 'drained', 'maintenance', 'degraded', 'unhealthy', 'panic'];

export function worse(a: MarkState, b: MarkState): MarkState { return severity.indexOf(b) > severity.indexOf(a) ? b : a; }

export function serviceState(node: ServiceNode): MarkState {
  if (node.panic) return 'panic';
  switch (node.health) {
    case 'unhealthy': return 'unhealthy';
    case 'degraded': return 'degraded';
    case 'healthy': return node.draining > 0 ? 'draining' : node.inMaintenance > 0 ? 'maintenance' : node.drained > 0 ? 'drained' : 'healthy';
    default: return 'unknown';
  }
}

/** Whether anybody has to look: what operators took out on purpose, and what has left, is no trouble. */
export function isWell(state: MarkState): boolean { return state === 'healthy' || state === 'drained' || state === 'maintenance'; }

/** What an operator wants of an instance comes before what was observed: both stand in its facts. */
export function instanceState(health: Health, intent: Intent): MarkState {
  if (intent !== 'active') return intent;
  return health === 'empty' ? 'unknown' : health;
}
