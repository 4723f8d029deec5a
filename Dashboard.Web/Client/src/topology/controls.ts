import { button } from './inspector.js';

export interface ControlEvents { zoom(factor: number): void; fit(): void; again(): void }

/** Zoom and layout as buttons, for pointers without a wheel. */
export function controls(events: ControlEvents): HTMLElement {
  const bar = document.createElement('div');
  bar.className = 'topo-controls';
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Zoom and layout');
  bar.append(
    icon('Zoom in', 'M12 5v14M5 12h14', () => events.zoom(1.25)),
    icon('Zoom out', 'M5 12h14', () => events.zoom(0.8)),
    icon('Fit all into view', 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5', () => events.fit()),
    icon('Lay out anew', 'M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6', () => events.again()),
  );
  return bar;
}

function icon(label: string, path: string, act: () => void): HTMLButtonElement {
  const made = button('', act);
  made.setAttribute('aria-label', label);
  made.title = label;
  const picture = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  picture.setAttribute('viewBox', '0 0 24 24');
  picture.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  picture.append(line);
  made.append(picture);
  return made;
}
