import { live } from './live.js';

/**
 * `<live-moment at="1795426860000" data-title="Past 09:41:00">`: everything on the page that is drawn by the browser shows this moment, and the tab's title says so; without `at`, now. Draws
 * nothing itself.
 */
export class LiveMomentElement extends HTMLElement {
  static readonly observedAttributes = ['at', 'data-title'];
  readonly #titles = new MutationObserver(() => this.#entitle());
  #prefix = '';

  connectedCallback(): void {
    this.#titles.observe(document.head, { subtree: true, childList: true, characterData: true });
    this.#tell();
  }

  disconnectedCallback(): void { this.#titles.disconnect(); }

  attributeChangedCallback(): void { if (this.isConnected) this.#tell(); }

  #tell(): void {
    const at = this.getAttribute('at');
    live().lookAt(at ? Number(at) : null);
    const before = this.#prefix;
    this.#prefix = this.dataset['title'] ? `${this.dataset['title']} · ` : '';
    if (before && before !== this.#prefix && document.title.includes(before)) document.title = document.title.replace(before, this.#prefix);
    this.#entitle();
  }

  #entitle(): void {
    if (this.#prefix && !document.title.includes(this.#prefix)) document.title = this.#prefix + document.title;
  }
}
