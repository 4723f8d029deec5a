// Width by height of a phone's canvas: a board keeps its shape while the keyboard or a banner takes some of it.
const phone = 0.7;

/** So many services beside one another that boards under one another fill an upright canvas; a board beside others is twice as high as wide. */
export function boardColumns(services: number, boards: number): number {
  if (boards <= 1) return Math.max(1, Math.ceil(Math.sqrt(services / 2)));
  const zoomAt = (columns: number): number => Math.min(phone / (columns * 112), 1 / (boards * (Math.ceil(services / columns) * 104 + 56)));
  return Array.from({ length: Math.max(1, services) }, (_, i) => i + 1).reduce((best, columns) => zoomAt(columns) > zoomAt(best) ? columns : best, 1);
}
