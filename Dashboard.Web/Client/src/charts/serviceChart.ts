import uPlot from 'uplot';
import uplotCss from 'uplot/dist/uPlot.min.css';
import { milliseconds, percent, rate } from '../format.js';
import type { Mark, Sample } from '../frames.js';
import { drawMark, gathered, weightOf } from './markShapes.js';
import { wordsOf } from './markWords.js';
import { live } from '../live/live.js';
import type { ServiceState } from '../live/serviceState.js';
import { adopt } from '../styles.js';
import { history, type Line } from './history.js';
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

const liveReach = 15 * 60_000;
const refreshEvery = 30_000;
// Of a single call there are no frames.
const refreshCallEvery = 5000;
const noLine: Line = { samples: [], marks: [], step: 1 };

/**
 * `<service-chart service="orders" metric="rps|errors|latency" minutes="15">`: a service with a mark at each change of its weights, intents or health, up to now; the last 15 minutes second by
 * second, a longer time from the log and its roll-ups. With `source` only what that caller sends. With `from` and `to` (Unix milliseconds) a time of the past, with a line at `at`. What is unknown is a gap. Charts of one service share their cursor.
 */
export class ServiceChart extends HTMLElement {
  static readonly observedAttributes = ['service', 'source', 'metric', 'minutes', 'from', 'to', 'at'];
  #plot: uPlot | null = null;
  #marks: readonly Mark[] = [];
  #state: ServiceState | null = null;
  #ends: (() => void)[] = [];
  #line = noLine;
  #turn = 0;
  #due = 0;
  #hint: HTMLElement | null = null;
  #now: HTMLElement | null = null;

  connectedCallback(): void {
    adopt(uplotCss);
    adopt(css);
    this.#start();
  }

  disconnectedCallback(): void { this.#stop(); }

  attributeChangedCallback(): void {
    if (!this.isConnected || !this.#plot || this.#due) return;
    // Attributes change together: what they ask for together is drawn once.
    this.#due = requestAnimationFrame(() => {
      this.#due = 0;
      if (!this.isConnected) return;
      this.#stop();
      this.#start();
    });
  }

  get #metric(): Metric { return metrics[this.getAttribute('metric') ?? 'rps'] ?? metrics['rps']!; }
  get #span(): number { return Math.max(1, Number(this.getAttribute('minutes') ?? 5) || 5) * 60_000; }
  get #from(): number | null { return this.hasAttribute('from') ? Number(this.getAttribute('from')) : null; }
  get #source(): string | null { return this.getAttribute('source'); }
  get #isRecent(): boolean { return this.#from === null && this.#span <= liveReach; }
  get #isLive(): boolean { return this.#isRecent && this.#source === null; }
  get #subject(): string { const service = this.getAttribute('service') ?? ''; return this.#source === null ? service : `${this.#source} → ${service}`; }

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
    this.setAttribute('aria-label', `${this.#metric.title} of ${this.#subject}`);
    this.replaceChildren(head, body, this.#hint);
    this.#build(body);
    const resized = new ResizeObserver(() => this.#plot?.setSize(sizeOf(body)));
    resized.observe(body);
    this.#ends = [
      () => resized.disconnect(),
      onThemeChange(() => { this.#build(body); this.#draw(); }),
    ];
    if (this.#isLive) this.#ends.push(live().service(service, state => { this.#state = state; this.#draw(); }));
    void this.#fetch(service);
    if (this.#from === null) {
      // The frames tell all but alerts.
      const timer = setInterval(() => { if (!document.hidden) void this.#fetch(service); }, this.#isLive ? 2 * refreshEvery : this.#isRecent ? refreshCallEvery : refreshEvery);
      this.#ends.push(() => clearInterval(timer));
    }
  }

  /** What the frames do not tell: what was before the first of them, and the changes that are in the log. */
  async #fetch(service: string): Promise<void> {
    const turn = ++this.#turn;
    const to = this.#from === null ? null : Number(this.getAttribute('to'));
    // A few seconds less than memory holds, so that the line comes by the second.
    const from = this.#from ?? Math.round((Date.now() - Math.min(this.#span, this.#isRecent ? liveReach - 20_000 : Infinity)) / 1000) * 1000;
    try {
      const line = await history(service, from, to, this.#source);
      if (turn !== this.#turn) return;
      this.#line = line;
    } catch {
      if (turn !== this.#turn) return;
      if (!this.#isLive && this.#hint) this.#hint.textContent = 'The past cannot be read now.';
      return;
    }
    this.#draw();
  }

  #stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#turn++;
    this.#line = noLine;
    this.#state = null;
    this.#plot?.destroy();
    this.#plot = null;
    this.replaceChildren();
  }

  #build(body: HTMLElement): void {
    this.#plot?.destroy();
    const palette = paletteAt(this);
    const metric = this.#metric;
    const axis = { stroke: palette.muted, grid: { stroke: palette.line, width: 1 }, ticks: { show: false }, font: '11px Roboto, system-ui, sans-serif' };
    this.#plot = new uPlot({
      ...sizeOf(body), legend: { show: false }, padding: [8, 20, 0, 0], cursor: { sync: { key: this.#subject }, points: { size: 6 }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(metric.floor, high * 1.1)] } },
      axes: [
        { ...axis, size: 24, values: (plot, ticks) => ticks.map(tick => tickText(tick, plot.scales['x']!)), space: 72, incrs: [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 432_000] },
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
    const state = this.#isLive ? this.#state : null;
    if (!this.#plot || (this.#isLive && !state)) return;
    const fresh = state?.samples ?? [];
    const older = fresh.length > 0 ? this.#line.samples.filter(sample => sample.at < fresh[0]!.at) : this.#line.samples;
    const samples = [...older, ...fresh];
    const to = this.#from !== null ? Number(this.getAttribute('to')) : state ? fresh[fresh.length - 1]?.at ?? state.at : Date.now();
    const from = this.#from ?? to - this.#span;
    const shown = samples.filter(sample => sample.at >= from && sample.at <= to);
    const told = new Set(state?.marks.map(mark => mark.revision));
    this.#marks = [...this.#line.marks.filter(mark => !told.has(mark.revision)), ...state?.marks ?? []].filter(mark => mark.at >= from && mark.at <= to);
    const metric = this.#metric;
    this.#plot.setData([shown.map(sample => sample.at / 1000), ...metric.lines.map(line => shown.map(line.value))] as uPlot.AlignedData, false);
    this.#plot.batch(() => {
      this.#plot!.setScale('x', { min: from / 1000, max: to / 1000 });
    });
    const at = this.#at;
    const last = at === null ? shown[shown.length - 1] : shown.findLast(sample => sample.at <= at && at < sample.at + Math.max(this.#line.step, 2) * 1000);
    const now = metric.lines.map(line => {
      const value = last ? line.value(last) : null;
      return (metric.lines.length > 1 ? `${line.label} ` : '') + (value === null ? '–' : metric.format(value));
    }).join(' · ');
    if (this.#now) this.#now.textContent = now;
    this.setAttribute('aria-label', `${metric.title} of ${this.#subject}, ${at === null ? 'now' : 'then'} ${now}, ${this.#marks.length} changes in the time shown`);
  }

  /** The moment that is looked at. */
  get #at(): number | null { return this.hasAttribute('at') ? Number(this.getAttribute('at')) : null; }

  #drawMarks(plot: uPlot, palette: Palette): void {
    const { ctx, bbox } = plot;
    ctx.save();
    if (this.#at !== null) {
      const x = Math.round(plot.valToPos(this.#at / 1000, 'x', true));
      ctx.strokeStyle = palette.text;
      ctx.lineWidth = 2 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    const shown = this.#marks.filter(mark => { const x = plot.valToPos(mark.at / 1000, 'x', true); return x >= bbox.left && x <= bbox.left + bbox.width; });
    const placed = gathered(shown, mark => Math.round(plot.valToPos(mark.at / 1000, 'x', true)), 6 * devicePixelRatio);
    // What matters most is drawn last.
    for (const mark of [...placed].sort((one, other) => weightOf(one.kind) - weightOf(other.kind))) drawMark(ctx, mark, bbox.top, bbox.height, palette, devicePixelRatio);
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
    const near = wordsOf(this.#marks.filter(mark => Math.abs(plot.valToPos(mark.at / 1000, 'x') - left) < 8), weightOf);
    this.#hint.textContent = [clock(at), ...values, ...near].join(' · ');
  }
}

function sizeOf(body: HTMLElement): { width: number; height: number } {
  return { width: Math.max(80, body.clientWidth), height: Math.max(80, body.clientHeight) };
}

function tickText(seconds: number, { min, max }: uPlot.Scale): string {
  const span = (max ?? 0) - (min ?? 0);
  if (span <= 20 * 60) return seconds % 60 === 0 ? clock(seconds).slice(0, 5) : clock(seconds);
  const date = new Date(seconds * 1000);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  return midnight || span > 3 * 86_400 ? date.toLocaleDateString([], { day: 'numeric', month: 'short' }) : clock(seconds).slice(0, 5);
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
}
