import uPlot from 'uplot';
import uplotCss from 'uplot/dist/uPlot.min.css';
import { milliseconds, percent, rate } from '../format.js';
import type { Mark, Sample } from '../frames.js';
import { live } from '../live/live.js';
import type { ServiceState } from '../live/serviceState.js';
import { adopt } from '../styles.js';
import { onThemeChange, paletteAt, type Palette } from '../theme.js';
import css from './charts.css';

interface Metric {
  readonly title: string;
  readonly lines: readonly { readonly label: string; readonly color: keyof Palette; readonly dash?: number[]; readonly value: (sample: Sample) => number | null }[];
  readonly format: (value: number) => string;
  /** The least that the axis spans, so that noise around zero does not look like a storm. */
  readonly floor: number;
}

const metrics: Record<string, Metric> = {
  rps: { title: 'Requests /s', lines: [{ label: 'requests', color: 'accent', value: s => s.rps }], format: rate, floor: 1 },
  errors: { title: 'Errors', lines: [{ label: 'errors', color: 'unhealthy', value: s => s.errorRate }], format: percent, floor: 0.05 },
  latency: {
    title: 'Latency', floor: 5, format: value => milliseconds(value),
    lines: [{ label: 'p95', color: 'accent', value: s => s.p95 }, { label: 'p50', color: 'muted', dash: [4, 3], value: s => s.p50 }],
  },
};

/**
 * `<service-chart service="orders" metric="rps|errors|latency" minutes="5">`: a service second by second, with a mark at each change of its
 * weights, intents or health. Charts of one service share their cursor.
 */
export class ServiceChart extends HTMLElement {
  static readonly observedAttributes = ['service', 'metric', 'minutes'];
  #plot: uPlot | null = null;
  #marks: readonly Mark[] = [];
  #state: ServiceState | null = null;
  #ends: (() => void)[] = [];
  #hint: HTMLElement | null = null;
  #now: HTMLElement | null = null;

  connectedCallback(): void {
    adopt(uplotCss);
    adopt(css);
    this.#start();
  }

  disconnectedCallback(): void { this.#stop(); }

  attributeChangedCallback(): void {
    if (!this.isConnected || !this.#plot) return;
    this.#stop();
    this.#start();
  }

  get #metric(): Metric { return metrics[this.getAttribute('metric') ?? 'rps'] ?? metrics['rps']!; }
  get #seconds(): number { return Math.min(15, Math.max(1, Number(this.getAttribute('minutes') ?? 5) || 5)) * 60; }

  #start(): void {
    const service = this.getAttribute('service');
    if (!service) return;
    const head = document.createElement('div');
    head.className = 'chart-head';
    const title = document.createElement('span');
    title.textContent = this.#metric.title;
    this.#now = document.createElement('strong');
    head.append(title, this.#now);
    this.#hint = document.createElement('div');
    this.#hint.className = 'chart-hint';
    const body = document.createElement('div');
    body.className = 'chart-body';
    this.setAttribute('role', 'img');
    // Until the first frame there is nothing to tell but what it is.
    this.setAttribute('aria-label', `${this.#metric.title} of ${service}`);
    this.replaceChildren(head, body, this.#hint);
    this.#build(body, service);
    const resized = new ResizeObserver(() => this.#plot?.setSize(sizeOf(body)));
    resized.observe(body);
    this.#ends = [
      () => resized.disconnect(),
      onThemeChange(() => { this.#build(body, service); this.#draw(); }),
      live().service(service, state => { this.#state = state; this.#draw(); }),
    ];
  }

  #stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#plot?.destroy();
    this.#plot = null;
    this.replaceChildren();
  }

  #build(body: HTMLElement, service: string): void {
    this.#plot?.destroy();
    const palette = paletteAt(this);
    const metric = this.#metric;
    const axis = { stroke: palette.muted, grid: { stroke: palette.line, width: 1 }, ticks: { show: false }, font: '11px Roboto, system-ui, sans-serif' };
    this.#plot = new uPlot({
      ...sizeOf(body), legend: { show: false }, padding: [8, 20, 0, 0], cursor: { sync: { key: service }, points: { size: 6 }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(metric.floor, high * 1.1)] } },
      axes: [
        { ...axis, size: 24, values: (_plot, ticks) => ticks.map(tick => tick % 60 === 0 ? clock(tick).slice(0, 5) : clock(tick)), space: 72, incrs: [5, 10, 15, 30, 60, 120, 300] },
        { ...axis, size: 56, values: (_plot, ticks) => ticks.map(tick => tick === 0 ? '0' : metric.format(tick)), space: 28 },
      ],
      series: [{}, ...metric.lines.map(line => ({
        label: line.label, stroke: palette[line.color], width: 1.5, points: { show: false }, ...(line.dash ? { dash: line.dash } : {}),
        ...(line === metric.lines[0] ? { fill: `color-mix(in srgb, ${palette[line.color]} 12%, transparent)` } : {}),
      }))],
      hooks: { draw: [plot => this.#drawMarks(plot, palette)], setCursor: [plot => this.#showHint(plot)] },
    }, [[], ...metric.lines.map(() => [])] as unknown as uPlot.AlignedData, body);
  }

  #draw(): void {
    const state = this.#state;
    if (!state || !this.#plot) return;
    const samples = state.samples;
    const to = samples.length > 0 ? samples[samples.length - 1]!.at : state.at;
    const from = to - this.#seconds * 1000;
    const shown = samples.filter(sample => sample.at >= from);
    this.#marks = state.marks.filter(mark => mark.at >= from);
    const metric = this.#metric;
    this.#plot.setData([shown.map(sample => sample.at / 1000), ...metric.lines.map(line => shown.map(line.value))] as uPlot.AlignedData, false);
    this.#plot.batch(() => {
      this.#plot!.setScale('x', { min: from / 1000, max: to / 1000 });
    });
    const last = shown[shown.length - 1];
    const now = metric.lines.map(line => {
      const value = last ? line.value(last) : null;
      return (metric.lines.length > 1 ? `${line.label} ` : '') + (value === null ? '–' : metric.format(value));
    }).join(' · ');
    if (this.#now) this.#now.textContent = now;
    this.setAttribute('aria-label', `${metric.title} of ${state.service}, now ${now}, ${this.#marks.length} changes in the time shown`);
  }

  #drawMarks(plot: uPlot, palette: Palette): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = palette.draining;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const mark of this.#marks) {
      const x = Math.round(plot.valToPos(mark.at / 1000, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const side = 4 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - side, bbox.top - side);
      ctx.lineTo(x + side, bbox.top - side);
      ctx.lineTo(x, bbox.top + side);
      ctx.fill();
    }
    ctx.restore();
  }

  #showHint(plot: uPlot): void {
    const index = plot.cursor.idx;
    const left = plot.cursor.left ?? -1;
    if (!this.#hint) return;
    if (index == null || left < 0) {
      this.#hint.textContent = '';
      return;
    }
    const metric = this.#metric;
    const at = plot.data[0][index];
    if (at === undefined) return;
    const values = metric.lines.map((line, i) => {
      const value = plot.data[i + 1]?.[index];
      return `${line.label} ${value == null ? '–' : metric.format(value)}`;
    });
    const near = this.#marks.filter(mark => Math.abs(plot.valToPos(mark.at / 1000, 'x') - left) < 8)
      .map(mark => `${mark.action} ${mark.target}${mark.actor ? ` by ${mark.actor}` : ''}`);
    this.#hint.textContent = [clock(at), ...values, ...near].join(' · ');
  }
}

function sizeOf(body: HTMLElement): { width: number; height: number } {
  return { width: Math.max(80, body.clientWidth), height: Math.max(80, body.clientHeight) };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
}
