import type { LayoutRequest, LayoutResult } from './layout.js';

const across = 168;
const along = 96;
const between = 96;

/**
 * Around a focus: what calls it on one side, what it calls on the other, column by column as many calls away. Within a column each mark stands at the
 * height of those nearer to the focus that it talks with. A long column is folded into several.
 */
export function layOutColumns({ nodes, edges, columns = [], tall }: LayoutRequest): LayoutResult {
  const column = new Map(columns);
  const talks = new Map<string, string[]>();
  for (const { source, target } of edges) {
    talks.set(source, [...(talks.get(source) ?? []), target]);
    talks.set(target, [...(talks.get(target) ?? []), source]);
  }
  const longest = Math.max(6, Math.ceil(Math.sqrt(nodes.length) * (tall ? 0.7 : 1.15)));
  const height = new Map<string, number>();
  const result: [string, number, number][] = [];
  for (const side of [1, -1]) {
    let edge = 0;
    const depths = [...new Set([...column.values()].filter(at => at * side > 0).map(Math.abs))].sort((a, b) => a - b);
    for (const depth of side === 1 ? [0, ...depths] : depths) {
      const here = nodes.filter(node => column.get(node.id) === depth * side).map(node => node.id);
      const wanted = new Map(here.map(id => [id, mean((talks.get(id) ?? []).map(other => height.get(other)).filter(value => value !== undefined))]));
      here.sort((a, b) => wanted.get(a)! - wanted.get(b)! || a.localeCompare(b));
      const folds = Math.max(1, Math.ceil(here.length / longest));
      const rows = Math.ceil(here.length / folds);
      here.forEach((id, index) => {
        // Neighbours in the order stay neighbours: the folds are filled row by row.
        const y = (Math.floor(index / folds) - (rows - 1) / 2) * along;
        const x = depth === 0 ? 0 : edge + between + (index % folds + 0.75) * across;
        height.set(id, y);
        result.push(tall ? [id, y / along * across * 0.8, side * x * 0.75] : [id, side * x, y]);
      });
      if (depth !== 0 && here.length > 0) edge += between + folds * across;
    }
  }
  return result;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
