import type { Core, NodeSingular } from 'cytoscape';

export interface KeyTarget {
  readonly graph: Core;
  chosen(): string | null;
  choose(id: string | null): void;
  open(id: string): void;
  focus(id: string): void;
  expand(id: string): void;
  zoom(factor: number): void;
  pan(x: number, y: number): void;
  hops(hops: number): void;
  fit(): void;
}

const panStep = 80;

const directions: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

/** The canvas by keyboard: arrows walk to the nearest mark in that direction, with Shift they move the view. Returns what ends it. */
export function onKeys(surface: HTMLElement, target: KeyTarget): () => void {
  const listener = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (handle(event.key, event.shiftKey, target)) event.preventDefault();
  };
  surface.addEventListener('keydown', listener);
  return () => surface.removeEventListener('keydown', listener);
}

function handle(key: string, shift: boolean, target: KeyTarget): boolean {
  const direction = directions[key];
  if (direction) {
    if (shift) target.pan(-panStep * direction[0], -panStep * direction[1]);
    else walk(target, direction);
    return true;
  }
  const chosen = target.chosen();
  switch (key) {
    case '+': case '=': target.zoom(1.25); return true;
    case '-': target.zoom(0.8); return true;
    case '0': target.fit(); return true;
    case '1': case '2': case '3': target.hops(Number(key)); return true;
    case 'Escape': target.choose(null); return chosen !== null;
  }
  if (chosen === null) return false;
  switch (key) {
    case 'Enter': target.open(chosen); return true;
    case 'f': target.focus(chosen); return true;
    case 'e': target.expand(chosen); return true;
    default: return false;
  }
}

function walk(target: KeyTarget, [dx, dy]: readonly [number, number]): void {
  const marks = target.graph.nodes().filter(node => !node.isParent() && !node.hasClass('unplaced'));
  const id = target.chosen();
  const from = id === null ? null : marks.getElementById(id);
  let best: NodeSingular | null = null;
  let bestScore = Infinity;
  marks.forEach(node => {
    if (node.id() === id) return;
    const origin = from && from.nonempty() ? from.position() : { x: 0, y: 0 };
    const ahead = (node.position('x') - origin.x) * dx + (node.position('y') - origin.y) * dy;
    const aside = Math.abs((node.position('x') - origin.x) * dy) + Math.abs((node.position('y') - origin.y) * dx);
    // With nothing chosen the walk starts at the upper left.
    const score = from && from.nonempty() ? (ahead <= 1 ? Infinity : ahead + 2 * aside) : node.position('x') + node.position('y');
    if (score < bestScore) { bestScore = score; best = node; }
  });
  if (!best) return;
  const found = best as NodeSingular;
  target.choose(found.id());
  const at = found.renderedPosition();
  if (at.x < 40 || at.y < 40 || at.x > target.graph.width() - 40 || at.y > target.graph.height() - 40) target.graph.center(found);
}
