import type { Ghost, Instance, Mark, Sample, ServiceFrame, Traffic } from '../frames.js';
import { idle } from './topologyState.js';

const keptSamples = 900;
const keptInstanceSeconds = 60;
const keptMarks = 200;

/** One service's instances, second by second, as the frames so far tell it. */
export class ServiceState {
  readonly instances = new Map<string, Instance>();
  readonly traffic = new Map<string, Traffic>();
  readonly history = new Map<string, (number | null)[]>();
  samples: Sample[] = [];
  marks: Mark[] = [];
  ghosts: readonly Ghost[] = [];
  exists = false;
  at = 0;
  #sequence = -1;
  #generation = '';

  constructor(readonly service: string) {}

  /** False: a frame is missing, and a full one must be asked for. */
  apply(frame: ServiceFrame): boolean {
    if (frame.kind === 'full') {
      this.instances.clear();
      this.traffic.clear();
      this.history.clear();
      this.samples = [];
      this.marks = [];
    } else if (this.#sequence < 0 || frame.sequence !== this.#sequence + 1 || frame.generation !== this.#generation) {
      return false;
    }
    this.#sequence = frame.sequence;
    this.#generation = frame.generation;
    this.exists = frame.exists;
    this.at = frame.at;
    for (const instance of frame.instances) this.instances.set(instance.id, instance);
    for (const [id, traffic] of frame.traffic) this.traffic.set(id, traffic);
    for (const [id, rps] of frame.history) this.history.set(id, [...rps]);
    for (const id of frame.removed) {
      this.instances.delete(id);
      this.traffic.delete(id);
      this.history.delete(id);
    }
    if (frame.kind === 'traffic') this.#appendSecond();
    const newest = this.samples[this.samples.length - 1]?.at ?? 0;
    this.samples.push(...frame.samples.filter(sample => sample.at > newest));
    if (this.samples.length > keptSamples) this.samples.splice(0, this.samples.length - keptSamples);
    this.marks.push(...frame.marks);
    if (this.marks.length > keptMarks) this.marks.splice(0, this.marks.length - keptMarks);
    if (frame.ghosts !== null) this.ghosts = frame.ghosts;
    return true;
  }

  trafficOf(instance: string): Traffic { return this.traffic.get(instance) ?? idle; }

  // An instance without a row in a traffic frame did what it did the second before.
  #appendSecond(): void {
    for (const id of this.instances.keys()) {
      let series = this.history.get(id);
      if (!series) this.history.set(id, series = []);
      series.push(this.trafficOf(id).rps);
      if (series.length > keptInstanceSeconds) series.shift();
    }
  }
}
