// Colours come from CSS custom properties, so that a canvas follows the theme of the page around it.

export interface Palette {
  readonly healthy: string;
  readonly degraded: string;
  readonly unhealthy: string;
  readonly draining: string;
  readonly drained: string;
  readonly maintenance: string;
  readonly panic: string;
  readonly unknown: string;
  readonly surface: string;
  readonly canvas: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly edge: string;
  readonly accent: string;
}

const light: Palette = {
  healthy: '#1f8a4c', degraded: '#b26a00', unhealthy: '#c62828', draining: '#6b3fa0', drained: '#4d4a86', maintenance: '#0c6670', panic: '#c62828', unknown: '#6b7280',
  surface: '#ffffff', canvas: '#f5f6f8', text: '#1b1f24', muted: '#59626e', line: '#cfd5dc', edge: '#8b95a1', accent: '#1f5fbf',
};

const dark: Palette = {
  healthy: '#3fb871', degraded: '#f0b429', unhealthy: '#ff6b6b', draining: '#c3a5f2', drained: '#a9a6e6', maintenance: '#6cc7d1', panic: '#ff6b6b', unknown: '#98a2b3',
  surface: '#1d2229', canvas: '#13161b', text: '#e6e9ed', muted: '#a0a9b4', line: '#343b45', edge: '#66707d', accent: '#7db3ff',
};

const darkQuery = matchMedia('(prefers-color-scheme: dark)');
const motionQuery = matchMedia('(prefers-reduced-motion: reduce)');

export function isDark(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'dark' || (chosen !== 'light' && darkQuery.matches);
}

export function calm(): boolean { return motionQuery.matches; }

/** The palette in force at an element: `--topo-healthy` or `--state-healthy` and so on where the page sets them, else the built-in one. */
export function paletteAt(element: Element): Palette {
  const style = getComputedStyle(element);
  const base = isDark() ? dark : light;
  const names = Object.keys(base) as (keyof Palette)[];
  return Object.fromEntries(names.map(name => [name, (style.getPropertyValue(`--topo-${name}`) || style.getPropertyValue(`--state-${name}`)).trim() || base[name]])) as unknown as Palette;
}

/** Calls back when the theme may have changed. Returns what ends it. */
export function onThemeChange(callback: () => void): () => void {
  // The page's own style sheet may follow a moment after the attribute: read the colours in the next frame.
  const later = (): void => { requestAnimationFrame(() => requestAnimationFrame(callback)); };
  const observer = new MutationObserver(later);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
  darkQuery.addEventListener('change', later);
  return () => {
    observer.disconnect();
    darkQuery.removeEventListener('change', later);
  };
}
