import type { Mark } from '../frames.js';

const courses: Record<string, string> = {
  'plan.start': 'started', 'plan.advance': 'under way', 'plan.pause': 'paused', 'plan.resume': 'resumed', 'plan.cancel': 'cancelled', 'plan.complete': 'completed',
  'plan.rollback': 'rolled back',
};

/** Whether it marks the course of a plan and not a single change. */
export function isOfPlan(mark: Mark): boolean { return mark.action in courses; }

/** A mark in a line: `plan 12 paused by operations`, `instance.drain cart/cart-2 by ada`. */
export function markWords(mark: Mark): string {
  const course = courses[mark.action];
  const by = mark.actor ? ` by ${mark.actor}` : '';
  if (course === undefined) return `${mark.action} ${mark.target}${by}`;
  // The change that opens a plan names what it is for, the later ones the plan.
  return mark.target.startsWith('plan:') ? `plan ${mark.target.slice(5)} ${course}${by}` : `plan for ${mark.target} ${course}${by}`;
}
