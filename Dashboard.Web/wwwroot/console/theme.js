// Runs before the first paint, so that a dark room is not lit up by a white page. `data-theme` on <html> is what style sheets and canvases follow.
(() => {
  const key = 'dashboard.theme';
  const system = matchMedia('(prefers-color-scheme: dark)');
  const listeners = new Set();

  const choice = () => {
    try {
      const stored = localStorage.getItem(key);
      return stored === 'light' || stored === 'dark' ? stored : 'system';
    } catch {
      return 'system'; // Storage may be forbidden: the system's preference then counts.
    }
  };

  const apply = () => {
    const chosen = choice();
    document.documentElement.dataset.theme = chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen;
    listeners.forEach(listener => listener(chosen, document.documentElement.dataset.theme === 'dark'));
  };

  system.addEventListener('change', apply);
  addEventListener('storage', event => { if (event.key === key) apply(); });
  apply();

  globalThis.dashboardTheme = {
    choose(chosen) {
      try {
        if (chosen === 'system') localStorage.removeItem(key);
        else localStorage.setItem(key, chosen);
      } catch { /* Lasts for this page alone. */ }
      apply();
    },
    watch(listener) {
      listeners.add(listener);
      listener(choice(), document.documentElement.dataset.theme === 'dark');
      return () => listeners.delete(listener);
    },
  };
})();
