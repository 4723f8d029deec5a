import { onThemeChange, type Palette } from '../theme.js';
import { badge, dataUri, externalSvg, instanceSvg, ringSvg, stateWords, svg } from './ring.js';
import type { MarkState } from './states.js';

const kept = 'dashboard.topology.legend';

/** What the marks mean, drawn by the same code that draws them. */
export function legend(palette: () => Palette): HTMLDetailsElement {
  const box = document.createElement('details');
  box.className = 'topo-legend';
  const chosen = localStorage.getItem(kept);
  box.open = chosen === null ? innerWidth >= 1200 : chosen === 'open' && innerWidth >= 700;
  const title = document.createElement('summary');
  title.textContent = 'Legend';
  title.addEventListener('click', () => localStorage.setItem(kept, box.open ? 'closed' : 'open'));
  const list = document.createElement('ul');
  box.append(title, list);
  const draw = (): void => { list.replaceChildren(...rows(palette())); };
  draw();
  // The element lives as long as the canvas; once it has left the page, so may the listener.
  const end = onThemeChange(() => { if (box.isConnected) draw(); else end(); });
  return box;
}

/** Makes room for what matters more, unless the operator has opened it. */
export function foldUnasked(box: HTMLDetailsElement): void {
  if (localStorage.getItem(kept) === null) box.open = false;
}

function rows(palette: Palette): HTMLElement[] {
  const states: readonly MarkState[] = ['degraded', 'unhealthy', 'panic', 'draining', 'drained', 'maintenance', 'unknown'];
  return [
    row(ringSvg({ healthy: 2, degraded: 1, unhealthy: 1, unknown: 0 }, '3/4', 'healthy', palette), 'service: eligible of total, health as arcs'),
    ...states.map(state => row(svg(22, badge(state, palette)), stateWords[state])),
    row(ringSvg({ healthy: 22, degraded: 1, unhealthy: 1, unknown: 0 }, '24', 'healthy', palette), 'group: number of services, health of its instances'),
    row(instanceSvg('healthy', true, palette), 'instance, filled while serving'),
    row(externalSvg(palette), 'caller outside the registry'),
    row(line(palette.edge, '', 3), 'calls, wider for more requests'),
    row(line(palette.degraded, '10 4', 3), 'errors from 1 %'),
    row(line(palette.unhealthy, '4 3', 3), 'errors from 5 %'),
    row(line(palette.edge, '1 4', 2), 'no calls in the last seconds'),
    row(svg(22, `<circle cx="11" cy="11" r="8" fill="none" stroke="${palette.muted}" stroke-width="2" stroke-dasharray="1.5 3"/>`), 'left in the last minutes'),
  ];
}

function line(color: string, dashes: string, width: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="44" height="44" viewBox="0 0 22 22"><path d="M0 11h22" stroke="${color}" stroke-width="${width}" stroke-dasharray="${dashes}"/></svg>`;
}

function row(picture: string, text: string): HTMLElement {
  const item = document.createElement('li');
  const image = document.createElement('img');
  image.src = dataUri(picture);
  image.alt = '';
  image.width = image.height = 20;
  item.append(image, text);
  return item;
}
