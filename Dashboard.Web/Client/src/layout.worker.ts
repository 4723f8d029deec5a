import { layOut, type LayoutRequest } from './topology/layout.js';

interface WorkerScope {
  onmessage: ((event: MessageEvent<{ readonly id: number; readonly request: LayoutRequest }>) => void) | null;
  postMessage(message: unknown): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = event => {
  const { id, request } = event.data;
  try {
    scope.postMessage({ id, result: layOut(request) });
  } catch (error) {
    scope.postMessage({ id, error: String(error) });
  }
};
