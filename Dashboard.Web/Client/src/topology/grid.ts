import type { LayoutEdge, LayoutNode, LayoutRequest, LayoutResult } from './layout.js';
import { seeded } from './seeded.js';

const cellWidth = 156;
const groupHeight = 136;
const serviceHeight = 112;
const stepsPerMark = 700;

/** Whether calls are too many for lines to be followed: then the marks stand in rows, each near those it talks with, and every label can be read. */
export function isDense(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): boolean {
  const boxes = new Set(nodes.map(node => node.parent).filter(parent => parent !== null));
  return boxes.size <= 1 && (nodes.length > 120 || (nodes.length > 12 && edges.length > nodes.length * 1.5));
}

interface Cell { readonly x: number; readonly y: number; readonly inner: boolean }

/**
 * Marks in staggered rows of the canvas' shape, by simulated annealing of the calls' lengths: the same graph gives the same places. What is in a box stands in
 * the middle, what is around it stands around it.
 */
export function layOutGrid({ nodes, edges, aspect }: LayoutRequest): LayoutResult {
  const boxes = new Set(nodes.map(node => node.parent).filter(parent => parent !== null));
  const sorted = nodes.filter(node => !boxes.has(node.id)).sort((a, b) => a.id.localeCompare(b.id));
  const inner = boxes.size === 0 ? sorted : sorted.filter(node => node.parent !== null);
  const outer = boxes.size === 0 ? [] : sorted.filter(node => node.parent === null);
  // A group has one line more to say.
  const cellHeight = inner.some(node => node.id.startsWith('n:')) ? groupHeight : serviceHeight;
  const cells = [...block(inner.length, aspect, cellHeight), ...rim(inner.length, outer.length, aspect, cellHeight)];
  const ids = [...inner, ...outer].map(node => node.id);
  const number = new Map(ids.map((id, index) => [id, index]));
  const talks: number[][] = ids.map(() => []);
  for (const { source, target } of edges) {
    const [from, to] = [number.get(source), number.get(target)];
    if (from === undefined || to === undefined || from === to) continue;
    talks[from]!.push(to);
    talks[to]!.push(from);
  }
  const at = anneal(ids.length, inner.length, cells, talks);
  return ids.map((id, index) => [id, cells[at[index]!]!.x, cells[at[index]!]!.y] as const);
}

function shape(count: number, aspect: number, cellHeight: number): { columns: number; rows: number } {
  const columns = Math.max(1, Math.min(count, Math.round(Math.sqrt(count * aspect * cellHeight / cellWidth))));
  return { columns, rows: Math.ceil(count / columns) };
}

// Every second row is shifted by half a cell, so that a call to the next but one passes between two marks.
function block(count: number, aspect: number, cellHeight: number): Cell[] {
  const { columns, rows } = shape(count, aspect, cellHeight);
  const cells: Cell[] = [];
  for (let row = 0; row < rows; row++) {
    const here = Math.min(columns, count - row * columns);
    for (let column = 0; column < here; column++) {
      cells.push({
        x: (column - (columns - 1) / 2 + (row % 2 === 0 ? -0.25 : 0.25) + (columns - here) / 2) * cellWidth, y: (row - (rows - 1) / 2) * cellHeight, inner: true,
      });
    }
  }
  return cells;
}

// Places around the block, evenly: enough rounds of them for all.
function rim(inside: number, count: number, aspect: number, cellHeight: number): Cell[] {
  if (count === 0) return [];
  const { columns, rows } = shape(inside, aspect, cellHeight);
  const [half, high] = [(columns / 2 + 0.25) * cellWidth + 84, rows / 2 * cellHeight + 96];
  const around = 4 * (half + high);
  const step = Math.max(cellWidth, around / count);
  const cells: Cell[] = [];
  for (let index = 0; index < count; index++) {
    const rounds = Math.floor(index * step / around);
    const [w, h] = [half + rounds * cellWidth, high + rounds * cellHeight];
    let along = (index * step % around) / around * 4 * (w + h);
    const sides: (readonly [number, (d: number) => readonly [number, number]])[] = [
      [2 * h, d => [w, -h + d]], [2 * w, d => [w - d, h]], [2 * h, d => [-w, h - d]], [2 * w, d => [-w + d, -h]],
    ];
    for (const [length, point] of sides) {
      if (along > length) { along -= length; continue; }
      const [x, y] = point(along);
      cells.push({ x, y, inner: false });
      break;
    }
  }
  while (cells.length < count) cells.push({ x: half, y: high + cells.length * cellHeight, inner: false });
  return cells;
}

/** @returns For each mark its cell. The first `inner` marks stay within the first `inner` cells. */
function anneal(count: number, inner: number, cells: readonly Cell[], talks: readonly (readonly number[])[]): number[] {
  const random = seeded(count);
  const at = Array.from({ length: count }, (_, index) => index);
  const length = (mark: number, cell: number, other: number, otherCell: number): number => {
    let sum = 0;
    const from = cells[cell]!;
    for (const next of talks[mark]!) {
      const to = cells[next === other ? otherCell : next === mark ? cell : at[next]!]!;
      sum += Math.hypot(from.x - to.x, from.y - to.y);
    }
    return sum;
  };
  const steps = Math.min(400_000, count * stepsPerMark);
  for (let step = 0; step < steps; step++) {
    const a = Math.floor(random() * count);
    const [from, among] = a < inner ? [0, inner] : [inner, count - inner];
    const b = from + Math.floor(random() * among);
    if (a === b) continue;
    const [cellA, cellB] = [at[a]!, at[b]!];
    const before = length(a, cellA, b, cellB) + length(b, cellB, a, cellA);
    const after = length(a, cellB, b, cellA) + length(b, cellA, a, cellB);
    const heat = cellWidth * 1.5 * (1 - step / steps) ** 2;
    if (after < before || (heat > 0 && random() < Math.exp((before - after) / heat))) [at[a], at[b]] = [cellB, cellA];
  }
  return at;
}
