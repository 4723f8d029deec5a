import { markKinds, type Mark, type MarkKind } from '../frames.js';
import type { Palette } from '../theme.js';

const side = 4;
const apart = 6;

/** The more, the less it may be overlooked. */
export const weightOf = (kind: MarkKind): number => markKinds.indexOf(kind);

export interface PlacedMark { readonly kind: MarkKind; readonly x: number; readonly count: number }

/** Marks that would stand on one another become one, of the kind that must not be overlooked. */
export function gathered(marks: readonly Mark[], placeOf: (mark: Mark) => number, least = apart): readonly PlacedMark[] {
  const placed: { kind: MarkKind; x: number; count: number }[] = [];
  for (const mark of [...marks].sort((a, b) => a.at - b.at)) {
    const x = placeOf(mark);
    const last = placed[placed.length - 1];
    if (last === undefined || x - last.x >= least) {
      placed.push({ kind: mark.kind, x, count: 1 });
      continue;
    }
    last.count++;
    if (weightOf(mark.kind) > weightOf(last.kind)) last.kind = mark.kind;
  }
  return placed;
}

const colors: Record<MarkKind, keyof Palette> = {
  other: 'muted', joined: 'muted', left: 'muted', recovered: 'healthy', act: 'draining', plan: 'accent', brake: 'degraded', alert: 'degraded', lost: 'unhealthy',
};

/** One shape a kind, so that colour is not needed to tell them: the same as on the line of time. Many at once stand a little larger. */
export function drawMark(ctx: CanvasRenderingContext2D, { kind, x, count }: PlacedMark, top: number, height: number, palette: Palette, ratio: number): void {
  const s = (count > 1 ? side * 1.3 : side) * ratio;
  ctx.strokeStyle = ctx.fillStyle = palette[colors[kind]];
  const quiet = kind === 'other' || kind === 'joined' || kind === 'left';
  ctx.lineWidth = ratio;
  // A plan's course has a whole line, all else a broken one; what merely came or went has none.
  ctx.setLineDash(kind === 'plan' ? [] : [3 * ratio, 3 * ratio]);
  if (!quiet) {
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.beginPath();
  switch (kind) {
    case 'plan': ctx.rect(x - s, top - s, 2 * s, 2 * s); break;
    case 'alert': ctx.arc(x, top, s, 0, 2 * Math.PI); break;
    case 'brake': polygon(ctx, [[x, top - s * 1.2], [x + s * 1.2, top], [x, top + s * 1.2], [x - s * 1.2, top]]); break;
    case 'recovered': polygon(ctx, [[x, top - s], [x + s, top + s], [x - s, top + s]]); break;
    case 'act': polygon(ctx, [[x - s, top - s], [x + s, top - s], [x, top + s]]); break;
    case 'lost':
      ctx.lineWidth = 2 * ratio;
      ctx.moveTo(x - s, top - s);
      ctx.lineTo(x + s, top + s);
      ctx.moveTo(x + s, top - s);
      ctx.lineTo(x - s, top + s);
      ctx.stroke();
      return;
    default: ctx.rect(x - ratio, top - s, 2 * ratio, 2 * s);
  }
  ctx.fill();
}

function polygon(ctx: CanvasRenderingContext2D, points: readonly (readonly [x: number, y: number])[]): void {
  points.forEach(([x, y], index) => { if (index === 0) ctx.moveTo(x, y); else ctx.lineTo(x, y); });
  ctx.closePath();
}
