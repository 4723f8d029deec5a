// Starts the circuit and says so when it is lost. It tries again for ever: an operations console is left open overnight.
(() => {
  const events = document.getElementById('components-reconnect-modal');
  const banner = document.getElementById('circuit-banner');
  const words = document.getElementById('circuit-words');
  let lostAt = null;

  // A request for a connection can be held for ever by whoever stands between, and its own side never gives it up. Where the console answers others for long, the page begins anew.
  const patience = 30_000;
  async function watch(loss, patience) {
    let answersSince = null;
    while (lostAt === loss) {
      await new Promise(resolve => setTimeout(resolve, 5000));
      try {
        if (!(await fetch('/health/ready', { cache: 'no-store', signal: AbortSignal.timeout(4000) })).ok) throw new Error('not ready');
        answersSince ??= performance.now();
      } catch {
        answersSince = null;
      }
      if (lostAt === loss && answersSince !== null && performance.now() - answersSince >= patience) {
        if (!begun()) sessionStorage.setItem(kept, vain() + 1);
        afresh();
      }
    }
  }

  const lose = () => {
    if (lostAt === null) watch(lostAt = new Date(), begun() ? patience : patience * 2 ** Math.min(vain(), 3));
  };

  // Until its first connection the page has nothing to show. How often it has begun anew for want of one is kept, so that a console that is merely slow is given longer each time.
  const kept = 'dashboard.vain-starts';
  const begun = () => document.querySelector('.shell') !== null;
  const vain = () => Number(sessionStorage.getItem(kept)) || 0;

  const show = text => {
    lose();
    words.textContent = text;
    banner.hidden = false;
    document.documentElement.dataset.circuit = 'lost';
  };

  const since = () => lostAt.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

  const hide = () => {
    lostAt = null;
    banner.hidden = true;
    delete document.documentElement.dataset.circuit;
  };

  // The server answered but has forgotten this circuit (it was restarted): every page's state is in its address, so loading it again loses nothing.
  const afresh = () => location.reload();

  events.addEventListener('components-reconnect-state-changed', event => {
    switch (event.detail.state) {
      case 'show':
      case 'retrying':
        lose();
        show(`Connection to the console lost at ${since()}. Reconnecting; what you see is the last known state.`);
        break;
      case 'hide': hide(); break;
      case 'rejected':
      case 'resume-failed': afresh(); break;
      case 'failed':
        show('The console cannot be reached. What you see is the last known state.');
        setTimeout(retry, 5000);
        break;
    }
  });

  async function retry() {
    if (!begun()) return afresh();
    try {
      if (!await Blazor.reconnect()) afresh();
    } catch {
      show('The console cannot be reached. What you see is the last known state.');
      setTimeout(retry, 5000);
    }
  }

  document.getElementById('circuit-retry').addEventListener('click', retry);
  document.getElementById('circuit-reload').addEventListener('click', afresh);

  // The first connection, too, can be held for ever: no fault is reported then, and nothing else would ever be drawn.
  const waitsLong = 5000;
  function awaitBeginning() {
    const drawn = new MutationObserver(() => {
      if (!begun()) return;
      drawn.disconnect();
      clearTimeout(timer);
      sessionStorage.removeItem(kept);
      if (lostAt !== null) hide();
    });
    const timer = setTimeout(() => show(vain() === 0
      ? 'Still waiting for a connection to the console. The page loads again by itself when none comes.'
      : 'The console answers, but the connection that its pages need (/_blazor) does not come about: look at what stands between, like a proxy. Trying again; its API and /metrics still work.'), waitsLong);
    drawn.observe(document.body, { childList: true });
  }

  // The address names the dialog that is open, so that it can be sent and outlives a reload. Nothing is navigated by that.
  globalThis.dashboardAct = act => {
    const address = new URL(location.href);
    if (act) address.searchParams.set('act', act);
    else address.searchParams.delete('act');
    history.replaceState(history.state, '', address);
  };

  async function start() {
    awaitBeginning();
    try {
      Blazor.registerCustomEventType('rowact', { createEventArgs: event => event.detail });
      await Blazor.start({
        circuit: {
          reconnectionOptions: {
            maxRetries: Number.MAX_SAFE_INTEGER,
            retryIntervalMilliseconds: attempt => Math.min(250 * 2 ** Math.min(attempt, 5), 5000),
          },
        },
      });
    } catch {
      show('The console cannot be reached. Trying again every 5 s.');
      setTimeout(afreshWhenAnswered, 5000);
    }
  }

  // A page that could not start, or whose circuit broke while it started, cannot go on: it is loaded afresh as soon as somebody answers.
  async function afreshWhenAnswered() {
    for (;;) {
      try {
        if ((await fetch('/health/ready', { cache: 'no-store' })).ok) {
          afresh();
          return;
        }
      } catch {
        // Still away.
      }

      await new Promise(resolve => setTimeout(resolve, 5000));
    }
  }

  // Blazor shows its error bar also when the server went away in the middle of a page's start. While the server answers, a fault is a fault:
  // the bar stays and the operator decides.
  const fault = document.getElementById('blazor-error-ui');
  new MutationObserver(async () => {
    if (fault.style.display !== 'block') return;
    try {
      if ((await fetch('/health/ready', { cache: 'no-store' })).ok) return;
    } catch {
      // It is away.
    }

    fault.style.display = '';
    show('The console cannot be reached. Trying again every 5 s.');
    afreshWhenAnswered();
  }).observe(fault, { attributes: true, attributeFilter: ['style'] });

  // A press whose handler the console has already given up is refused there and would seem done here: the operator is told to repeat it.
  const lost = document.getElementById('press-lost');
  addEventListener('unhandledrejection', event => {
    if (!/DispatchEventAsync|no event handler associated/.test(String(event.reason?.message ?? event.reason))) return;
    lost.hidden = false;
    setTimeout(() => { lost.hidden = true; }, 10_000);
  });

  // The buttons of a table's rows have no handlers of their own, of which every open page would keep one each: the table hears of a press as one event that names the row.
  addEventListener('click', event => {
    const button = event.target.closest?.('[data-act]');
    const row = button?.closest('[data-row]');
    if (row) button.dispatchEvent(new CustomEvent('rowact', { bubbles: true, detail: { row: row.dataset.row, act: button.dataset.act } }));
  });

  start();
})();
