export interface Point { readonly x: number; readonly y: number }

const keptPoints = 5000;
const keptScopes = 24;
const prefix = 'dashboard.topology.places.';

/** Where marks stand, kept in the browser so that a graph looks the same tomorrow; one set per scope, of which the longest unused are forgotten. */
export class Positions {
  readonly #points: Map<string, Point>;
  readonly #key: string;
  #saving = 0;

  constructor(scope: string) {
    this.#key = prefix + scope;
    this.#points = load(this.#key);
  }

  get size(): number { return this.#points.size; }
  get(id: string): Point | undefined { return this.#points.get(id); }

  set(id: string, point: Point): void {
    this.#points.delete(id);
    this.#points.set(id, { x: Math.round(point.x), y: Math.round(point.y) });
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), 300);
  }

  clear(): void { this.#points.clear(); }

  /** Writes what is not written yet: for a page that is about to be left. */
  flush(): void {
    if (!this.#saving) return;
    clearTimeout(this.#saving);
    this.#save();
  }

  /** Forgets the places of all ids that begin so. */
  forget(start: string): void {
    for (const id of this.#points.keys()) if (id.startsWith(start)) this.#points.delete(id);
  }

  // The oldest go first: marks that have not been drawn for longest.
  #save(): void {
    this.#saving = 0;
    try {
      localStorage.setItem(this.#key, JSON.stringify([...this.#points].slice(-keptPoints).map(([id, p]) => [id, p.x, p.y])));
      const used = [...(JSON.parse(localStorage.getItem(`${prefix}used`) ?? '[]') as string[]).filter(key => key !== this.#key), this.#key];
      for (const key of used.splice(0, Math.max(0, used.length - keptScopes))) localStorage.removeItem(key);
      localStorage.setItem(`${prefix}used`, JSON.stringify(used));
    } catch {
      // A full or forbidden store costs the memory of the layout, nothing else.
    }
  }
}

function load(key: string): Map<string, Point> {
  try {
    const rows = JSON.parse(localStorage.getItem(key) ?? '[]') as [string, number, number][];
    return new Map(rows.filter(row => Number.isFinite(row[1]) && Number.isFinite(row[2])).map(([id, x, y]) => [id, { x, y }]));
  } catch {
    return new Map();
  }
}
