import type { Point } from './positions.js';

const spacing = 110;

/**
 * A free place for a newcomer near those it talks to: the first point of a growing spiral that is a mark's width from every other.
 * The same input gives the same place, and nothing that stands is moved.
 */
export function placeNear(neighbours: readonly Point[], taken: readonly Point[]): Point {
  const center = neighbours.length > 0 ? mean(neighbours) : below(taken);
  for (let step = 0; step < 4000; step++) {
    const angle = step * 2.399963;
    const distance = spacing * 0.5 * Math.sqrt(step);
    const point = { x: center.x + distance * Math.cos(angle), y: center.y + distance * Math.sin(angle) };
    if (taken.every(other => Math.hypot(other.x - point.x, other.y - point.y) >= spacing)) return point;
  }
  return center;
}

function mean(points: readonly Point[]): Point {
  return { x: points.reduce((sum, p) => sum + p.x, 0) / points.length, y: points.reduce((sum, p) => sum + p.y, 0) / points.length };
}

function below(points: readonly Point[]): Point {
  if (points.length === 0) return { x: 0, y: 0 };
  return { x: mean(points).x, y: Math.max(...points.map(p => p.y)) + spacing };
}
