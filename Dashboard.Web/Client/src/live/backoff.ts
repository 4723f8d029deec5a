/** How long to wait before attempt n (from 0): doubling from 0.25 s to 8 s, between half and all of it so that viewers do not return together. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(8000, 250 * 2 ** Math.min(attempt, 10));
  return full * (0.5 + random() / 2);
}
