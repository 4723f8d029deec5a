// Numbers as every screen writes them: short, and of a width that moves little.

export function rate(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value === 0) return '0';
  if (value < 0.1) return '<0.1';
  if (value < 10) return value.toFixed(1);
  if (value < 10_000) return Math.round(value).toString();
  return value < 1_000_000 ? `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k` : `${(value / 1e6).toFixed(1)}M`;
}

export function percent(fraction: number | null): string {
  if (fraction === null) return '–';
  const value = fraction * 100;
  if (value === 0) return '0 %';
  if (value < 0.1) return '<0.1 %';
  return value < 10 ? `${value.toFixed(1)} %` : `${Math.round(value)} %`;
}

export function milliseconds(value: number | null): string {
  if (value === null) return '–';
  if (value < 1) return '<1 ms';
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

export function age(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** How long until something: what is to come is planned with, so hours have their minutes. */
export function ahead(seconds: number): string {
  const minutes = Math.floor(seconds / 60) % 60;
  return seconds < 3600 || minutes === 0 ? age(seconds) : `${age(seconds)} ${String(minutes).padStart(2, '0')} min`;
}

/** A time of day as the viewer's clock shows it; with the day where it is another one. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })} ${time}`;
}

export function exactTime(at: number): string { return `${new Date(at).toISOString().replace('T', ' ').replace('Z', '')} UTC`; }
