import type { LayoutRequest, LayoutResult } from './layout.js';

/** Runs the layout in a worker, so that a thousand marks do not freeze the page. */
export class LayoutClient {
  readonly #waiting = new Map<number, { resolve: (result: LayoutResult) => void; reject: (error: Error) => void }>();
  #worker: Worker | null = null;
  #next = 0;

  /** Starts the worker before it is needed. */
  warm(): void { this.#worker ??= this.#start(); }

  run(request: LayoutRequest): Promise<LayoutResult> {
    const worker = this.#worker ??= this.#start();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, request });
    });
  }

  dispose(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#waiting.clear();
  }

  #start(): Worker {
    const worker = new Worker(new URL('js/layout.worker.js', document.baseURI), { type: 'module' });
    worker.onmessage = (event: MessageEvent<{ id: number; result?: LayoutResult; error?: string }>) => {
      const { id, result, error } = event.data;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (result) waiting?.resolve(result);
      else waiting?.reject(new Error(error ?? 'the layout failed'));
    };
    worker.onerror = event => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error(event.message || 'the layout worker failed'));
      this.#waiting.clear();
    };
    return worker;
  }
}
