import { live } from './live/live.js';
import { TopologyCanvas } from './topology/canvas.js';
import { LayoutClient } from './topology/layoutClient.js';
import type { View } from './topology/view.js';

/** A page's object as the browser sees it: Blazor's DotNetObjectReference. */
export interface Page { invokeMethodAsync(method: string, ...args: unknown[]): Promise<unknown> }

// The page's own script loads this before the page's circuit is there: what the first drawing needs is on its way meanwhile.
let unused = location.pathname === '/' ? { layout: new LayoutClient(), end: live().topology(() => undefined) } : null;
unused?.layout.warm();

/** Draws the topology into an element. The page gets `OpenService(name)` and `ChangeView(part of a view)`. */
export function mount(host: HTMLElement, page: Page, view: Partial<View>): TopologyCanvas {
  const layout = unused?.layout ?? new LayoutClient();
  const canvas = new TopologyCanvas(host, {
    open: service => { void page.invokeMethodAsync('OpenService', service); },
    change: part => { void page.invokeMethodAsync('ChangeView', part); },
  }, view, layout);
  unused?.end();
  unused = null;
  return canvas;
}

/** `t` anywhere on the page but in a field calls `ToggleTable`, unless the shell has taken the key (`g t`) or a dialog is open. Ended by `dispose`. */
export function shortcuts(page: Page): { dispose(): void } {
  const listener = (event: KeyboardEvent): void => {
    if (event.key !== 't' || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isField(event.target)) return;
    if (document.querySelector('[role="dialog"]')) return;
    event.preventDefault();
    void page.invokeMethodAsync('ToggleTable');
  };
  document.addEventListener('keydown', listener);
  return { dispose: () => document.removeEventListener('keydown', listener) };
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
