// What the operator asked to see. The page keeps it in the URL; the canvas only draws it.

/** `none`: each service for itself while there are few enough of them, else by namespace, or by the names' first part where there is but one. */
export type Grouping = 'none' | 'namespace' | 'prefix' | 'zone' | 'neighbourhood';
export type HealthFilter = 'all' | 'trouble';

export interface View {
  readonly search: string;
  readonly grouping: Grouping;
  readonly filter: HealthFilter;
  /** The one group that is open, as the grouping names it. */
  readonly inside: string | null;
  readonly focus: string | null;
  readonly hops: number;
  readonly expanded: readonly string[];
  /** The id of the chosen mark or call. */
  readonly selected: string | null;
}

export const defaultView: View = {
  search: '', grouping: 'none', filter: 'all', inside: null, focus: null, hops: 1, expanded: [], selected: null,
};

export const maxDrawnNodes = 500;
export const mostHops = 3;
