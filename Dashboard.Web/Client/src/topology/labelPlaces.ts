/** A mark that wants its label drawn, in pixels of the screen. */
export interface LabelMark {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  /** Half the side of the mark itself. */
  readonly reach: number;
  /** Height of a line. */
  readonly font: number;
  /** Space between mark and label. */
  readonly gap: number;
  readonly lines: readonly string[];
  /** Who is named first where not all can be: the higher the more important. */
  readonly rank: number;
}

/** Where a label stands, and how many of its lines: 0 = the mark goes unnamed until it is chosen or there is more room. */
export interface LabelPlace { readonly lines: number; readonly above: boolean; readonly box: Box | null }

/** A call that wants to say something, around its middle. */
export interface CallLabel { readonly id: string; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly rank: number }

export interface Box { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number }

const lineHeight = 1.1;
const touching = 1;

/**
 * Gives as many marks as possible a label that covers neither another label nor another mark: the important first, all of their lines before one, below the mark before above it.
 * @param widthOf The width of a line in a font of so many pixels.
 */
export function placeLabels(marks: readonly LabelMark[], widthOf: (text: string, font: number) => number): ReadonlyMap<string, LabelPlace> {
  const places = new Map<string, LabelPlace>();
  const taken: Box[] = [];
  const bodies = marks.map(mark => ({ id: mark.id, x1: mark.x - mark.reach, y1: mark.y - mark.reach, x2: mark.x + mark.reach, y2: mark.y + mark.reach }));
  for (const mark of [...marks].sort((a, b) => b.rank - a.rank || a.id.localeCompare(b.id))) {
    const widths = mark.lines.map(line => widthOf(line, mark.font));
    const box = (lines: number, above: boolean): Box => {
      const half = Math.max(0, ...widths.slice(0, lines)) / 2;
      const height = lines * mark.font * lineHeight;
      const y = above ? mark.y - mark.reach - mark.gap - height : mark.y + mark.reach + mark.gap;
      return { x1: mark.x - half, y1: y, x2: mark.x + half, y2: y + height };
    };
    const isFree = (wanted: Box): boolean => !taken.some(other => overlap(wanted, other)) && !bodies.some(body => body.id !== mark.id && overlap(wanted, body));
    const tries = [...mark.lines.map((_, index) => ({ lines: mark.lines.length - index, above: false })), ...(mark.lines.length > 0 ? [{ lines: 1, above: true }] : [])];
    const place = tries.map(one => ({ ...one, box: box(one.lines, one.above) })).find(one => isFree(one.box)) ?? { lines: 0, above: false, box: null };
    places.set(mark.id, place);
    if (place.box) taken.push(place.box);
  }
  return places;
}

/** How far each mark is from the one that is nearest to it. */
export function nearest(marks: readonly { readonly id: string; readonly x: number; readonly y: number }[]): ReadonlyMap<string, number> {
  return new Map(marks.map(mark => [mark.id, marks.reduce((least, other) => other.id === mark.id ? least : Math.min(least, Math.hypot(mark.x - other.x, mark.y - other.y)), Infinity)]));
}

/** Calls that stay silent, because what they would say meets a mark, a name or a call that matters more. */
export function silentCalls(calls: readonly CallLabel[], marks: readonly LabelMark[], places: ReadonlyMap<string, LabelPlace>): ReadonlySet<string> {
  const taken: Box[] = [...[...places.values()].flatMap(({ box }) => box ? [box] : []), ...marks.map(mark => ({ x1: mark.x - mark.reach, y1: mark.y - mark.reach, x2: mark.x + mark.reach, y2: mark.y + mark.reach }))];
  const silent = new Set<string>();
  for (const call of [...calls].sort((a, b) => b.rank - a.rank || a.id.localeCompare(b.id))) {
    const box = { x1: call.x - call.width / 2, y1: call.y - call.height / 2, x2: call.x + call.width / 2, y2: call.y + call.height / 2 };
    if (taken.some(other => overlap(box, other))) silent.add(call.id);
    else taken.push(box);
  }
  return silent;
}

function overlap(a: Box, b: Box): boolean { return a.x1 < b.x2 - touching && b.x1 < a.x2 - touching && a.y1 < b.y2 - touching && b.y1 < a.y2 - touching; }
