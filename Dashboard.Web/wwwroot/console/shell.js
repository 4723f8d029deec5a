// The shell's part in the browser: keys, theme, the viewer's time zone.
const places = { t: '/', s: '/services', n: '/nodes', d: '/data-planes', o: '/operations', a: '/activity', l: '/alerts', ',': '/settings' };

const moves = { '[': 'earlier', ']': 'later', '{': 'change-before', '}': 'change-after', n: 'now' };

const typing = target =>
  target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role="combobox"], [role="listbox"]') !== null);

export function start(page) {
  let goPressedAt = -Infinity;
  const tell = (method, ...args) => { page.invokeMethodAsync(method, ...args).catch(() => { /* The circuit is being left or lost. */ }); };

  const onKey = event => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      tell('KeyPressed', 'jump');
      return;
    }
    // A dialog that has just come up may not have the focus yet.
    const dialog = [...document.querySelectorAll('[role="dialog"]')].at(-1);
    if (event.key === 'Escape' && dialog && !dialog.contains(event.target)) {
      dialog.querySelector('.mud-button-close')?.click();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || dialog) return;
    if (event.key === '?') {
      tell('KeyPressed', 'help');
    } else if (event.key === '/') {
      const search = document.querySelector('input[type="search"]');
      if (search) {
        event.preventDefault();
        search.focus();
      }
    } else if (event.key === 'g') {
      goPressedAt = event.timeStamp;
    } else if (event.timeStamp - goPressedAt < 1500 && places[event.key]) {
      goPressedAt = -Infinity;
      event.preventDefault();
      Blazor.navigateTo(places[event.key]);
    } else if (moves[event.key]) {
      tell('KeyPressed', moves[event.key]);
    }
  };

  // With <base href="/"> a bare fragment would leave the page.
  const onClick = event => {
    const skip = event.target instanceof Element ? event.target.closest('a[data-skip]') : null;
    if (skip) {
      event.preventDefault();
      document.getElementById(skip.dataset.skip)?.focus();
    }
  };

  document.addEventListener('keydown', onKey);
  document.addEventListener('click', onClick, true);
  const unwatch = globalThis.dashboardTheme.watch((choice, dark) => tell('ThemeChanged', choice, dark));
  tell('ZoneKnown', Intl.DateTimeFormat().resolvedOptions().timeZone ?? null);

  return {
    // What of the keys has something to act on here: the page knows best.
    keysHere: () => ({
      search: document.querySelector('input[type="search"]') !== null,
      table: document.querySelector('.topology .toolbar') !== null,
      graph: document.querySelector('.topo-surface') !== null,
    }),
    choose: choice => globalThis.dashboardTheme.choose(choice),
    stop: () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('click', onClick, true);
      unwatch();
    },
  };
}
