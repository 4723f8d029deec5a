import type { Palette } from '../theme.js';
import type { RingCounts } from './scene.js';
import type { MarkState } from './states.js';

/** The words for a state, the same in graph, table, legend and speech. */
export const stateWords: Record<MarkState, string> = {
  healthy: 'healthy', degraded: 'degraded', unhealthy: 'unhealthy', panic: 'panic: health is ignored', draining: 'draining', drained: 'drained',
  maintenance: 'maintenance', unknown: 'not yet checked',
};

const size = 64;
const radius = 26;
const around = 2 * Math.PI * radius;

/**
 * A service as an SVG picture: a ring with one arc per health (solid healthy, dashed degraded, dotted unhealthy), serving counts in the middle,
 * and at the upper right a badge whose shape alone tells the worst state.
 */
export function ringSvg(ring: RingCounts, center: string, state: MarkState, palette: Palette): string {
  const total = ring.healthy + ring.degraded + ring.unhealthy + ring.unknown;
  const arcs: string[] = [];
  let from = 0;
  const arc = (count: number, color: string, dash: number | null): void => {
    if (count === 0) return;
    const length = around * count / total;
    arcs.push(arcPath(from, length, color, dash));
    from += length;
  };
  if (total === 0) arcs.push(circle(palette.unknown, '2 5', 3));
  arc(ring.healthy, palette.healthy, null);
  arc(ring.degraded, palette.degraded, 7);
  arc(ring.unhealthy, palette.unhealthy, 3);
  arc(ring.unknown, palette.unknown, 1.5);
  const font = center.length > 5 ? 12 : center.length > 3 ? 15 : 18;
  return svg(size, `<circle cx="32" cy="32" r="${radius}" fill="${palette.surface}"/>${arcs.join('')}`
    + `<text x="32" y="32" dy=".36em" text-anchor="middle" font-family="system-ui,Roboto,'Segoe UI',sans-serif" font-weight="600" font-size="${font}" fill="${palette.text}">${escapeXml(center)}</text>`
    + (state === 'healthy' ? '' : `<g transform="translate(42 0)">${badge(state, palette)}</g>`));
}

/** An instance: a small mark whose shape and fill tell its state. */
export function instanceSvg(state: MarkState, serving: boolean, palette: Palette): string {
  const color = palette[state];
  return svg(28, state === 'healthy'
    ? `<circle cx="14" cy="14" r="9" fill="${serving ? color : palette.surface}" stroke="${color}" stroke-width="3"/>`
    : `<g transform="translate(3 3)">${badge(state, palette)}</g>`);
}

/** A caller that the registry does not hold: an open square with an arrow out of it. */
export function externalSvg(palette: Palette): string {
  return svg(40, `<rect x="3" y="3" width="34" height="34" rx="5" fill="${palette.surface}" stroke="${palette.muted}" stroke-width="2"/>`
    + `<path d="M12 20h15M21 13.5l6.5 6.5-6.5 6.5" fill="none" stroke="${palette.muted}" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>`);
}

/** A state's badge, 22 units wide, of the shapes that every page uses: triangle degraded, octagon unhealthy, diamond panic, squares for what operators want. */
export function badge(state: MarkState, palette: Palette): string {
  const color = palette[state];
  const rim = `stroke="${palette.surface}" stroke-width="2"`;
  const glyph = `fill="none" stroke="${palette.surface}" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"`;
  switch (state) {
    case 'healthy': return `<circle cx="11" cy="11" r="8" fill="${color}" ${rim}/><path d="M7.5 11l2.5 2.7 4.6-5" ${glyph}/>`;
    case 'degraded': return `<path d="M11 1.5 21 20H1z" fill="${color}" ${rim} stroke-linejoin="round"/><path d="M11 8v5M11 16.4v.2" ${glyph}/>`;
    case 'unhealthy': return `<path d="M7 1.5h8L20.5 7v8L15 20.500H7L1.5 15V7z" fill="${color}" ${rim}/><path d="M7.8 7.800l6.4 6.400M14.2 7.800l-6.4 6.4" ${glyph}/>`;
    case 'panic': return `<path d="M11 .8 21.2 11 11 21.2.8 11z" fill="${color}" ${rim}/><path d="M8.6 7v5M8.6 15.200v.1M13.4 7v5M13.4 15.200v.1" ${glyph}/>`;
    case 'draining': return `<rect x="2" y="2" width="18" height="18" rx="3" fill="${palette.surface}" stroke="${color}" stroke-width="2.2"/>`
      + `<path d="M11 5.500v9M7 11l4 4 4-4" fill="none" stroke="${color}" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>`;
    case 'drained': return `<rect x="1.5" y="1.5" width="19" height="19" rx="3" fill="${color}" ${rim}/><path d="M6.5 11h9" ${glyph}/>`;
    case 'maintenance': return `<rect x="1.5" y="1.5" width="19" height="19" rx="3" fill="${color}" ${rim}/><path d="M8.3 6.500v9M13.7 6.500v9" ${glyph}/>`;
    case 'unknown': return `<circle cx="11" cy="11" r="8.5" fill="${palette.surface}" stroke="${color}" stroke-width="2.4" stroke-dasharray="3 2.6"/>`
      + `<path d="M8.8 9a2.3 2.3 0 1 1 3.2 2.100c-.8.4-1 .8-1 1.600M11 15.200v.1" fill="none" stroke="${color}" stroke-width="1.8" stroke-linecap="round"/>`;
  }
}

export function svg(side: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${side * 2}" height="${side * 2}" viewBox="0 0 ${side} ${side}">${content}</svg>`;
}

export function dataUri(picture: string): string { return `data:image/svg+xml;utf8,${encodeURIComponent(picture)}`; }

function circle(color: string, dashes: string, width: number): string {
  return `<circle cx="32" cy="32" r="${radius}" fill="none" stroke="${color}" stroke-width="${width}" stroke-dasharray="${dashes}"/>`;
}

// An arc with a gap at its end, cut into dashes of the given length where it has one.
function arcPath(from: number, length: number, color: string, dash: number | null): string {
  const gap = length >= around - 0.01 ? 0 : 2.5;
  const drawn = Math.max(1, length - gap);
  const pattern = dash === null ? `${drawn} ${around}` : dashes(drawn, dash);
  return `<circle cx="32" cy="32" r="${radius}" fill="none" stroke="${color}" stroke-width="5" stroke-dasharray="${pattern}" stroke-dashoffset="${(-from).toFixed(2)}" transform="rotate(-90 32 32)"/>`;
}

function dashes(drawn: number, dash: number): string {
  const parts: string[] = [];
  let left = drawn;
  while (left > 0) {
    const on = Math.min(dash, left);
    left -= on;
    const off = left > dash * 0.6 ? dash * 0.6 : around;
    parts.push(`${on.toFixed(2)} ${off.toFixed(2)}`);
    left = off === around ? 0 : left - off;
  }
  return parts.join(' ');
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, c => `&#${c.charCodeAt(0)};`);
}
