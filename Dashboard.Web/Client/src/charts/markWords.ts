import type { Mark, MarkKind } from '../frames.js';

const courses: Record<string, string> = {
  'plan.start': 'started', 'plan.advance': 'under way', 'plan.pause': 'paused', 'plan.resume': 'resumed', 'plan.cancel': 'cancelled', 'plan.complete': 'completed',
  'plan.rollback': 'rolled back',
};

const verbs: Record<string, string> = {
  'instance.register': 'registered', 'instance.deregister': 'deregistered', 'instance.remove': 'removed', 'instance.drain': 'drained', 'node.drain': 'drained', 'instance.undrain': 'undrained',
  'node.undrain': 'undrained', 'instance.maintenance': 'put into maintenance', 'service.weights': 'weights changed', 'service.put': 'settings changed', 'service.delete': 'deleted',
  'service.brake.engage': 'removal braked', 'service.brake.release': 'brake released', 'drain.extend': 'deadline moved', 'drain.complete': 'drained to the end', 'drain.force': 'drain forced', 'instance.ramp': 'ramped up',
};

const mostTold = 4;

/** A mark in a line: `plan 12 paused by operations`, `cart/cart-2 drained by ada`, `cart/cart-1 unhealthy`. */
export function markWords(mark: Mark): string {
  const course = courses[mark.action];
  const by = mark.actor ? ` by ${mark.actor}` : '';
  // The change that opens a plan names what it is for, the later ones the plan.
  if (course !== undefined) return mark.target.startsWith('plan:') ? `plan ${mark.target.slice(5)} ${course}${by}` : `plan for ${mark.target} ${course}${by}`;
  const subject = mark.target.startsWith('node:') ? `host ${mark.target.slice(5)}` : mark.target;
  if (mark.kind === 'alert') return `alert: ${mark.summary ?? subject}`;
  // What was observed is nobody's doing.
  if (mark.action === 'instance.health') return `${subject} ${mark.kind === 'lost' ? 'unhealthy' : mark.kind === 'recovered' ? 'healthy again' : 'judged anew'}`;
  const verb = verbs[mark.action];
  return verb === undefined ? `${mark.action} ${subject}${by}` : `${subject} ${verb}${by}`;
}

/** Several in a line: what matters most first, and how many more there are. */
export function wordsOf(marks: readonly Mark[], weight: (kind: MarkKind) => number): string[] {
  const told = [...marks].sort((a, b) => weight(b.kind) - weight(a.kind) || b.at - a.at).slice(0, mostTold).map(markWords);
  return marks.length > told.length ? [...told, `${marks.length - told.length} more`] : told;
}
