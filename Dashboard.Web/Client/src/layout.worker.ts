import { layOutColumns } from './topology/columns.js';
import { isDense, layOutGrid } from './topology/grid.js';
import type { LayoutRequest, LayoutResult } from './topology/layout.js';

interface WorkerScope {
  onmessage: ((event: MessageEvent<{ readonly id: number; readonly request: LayoutRequest }>) => void) | null;
  postMessage(message: unknown): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = event => {
  const { id, request } = event.data;
  layOut(request).then(result => scope.postMessage({ id, result }), (error: unknown) => scope.postMessage({ id, error: String(error) }));
};

async function layOut(request: LayoutRequest): Promise<LayoutResult> {
  if (request.columns) return layOutColumns(request);
  if (isDense(request.nodes, request.edges)) return layOutGrid(request);
  // The large library of the small graphs: a large mesh's first drawing does not wait for it.
  return (await import('./topology/layout.js')).layOut(request);
}
