// Loaded by every page: the elements that any of them may use. They connect when the first of them is on the page.
import { RpsSparkline } from './charts/sparkline.js';
import { ServiceChart } from './charts/serviceChart.js';
import { LiveMomentElement } from './live/momentElement.js';
import { LiveStatusElement } from './live/statusElement.js';

customElements.define('live-moment', LiveMomentElement);
customElements.define('live-status', LiveStatusElement);
customElements.define('rps-sparkline', RpsSparkline);
customElements.define('service-chart', ServiceChart);
