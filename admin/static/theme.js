// Light or dark: as the system says, also when it changes, or as was chosen by the button. Loaded before the page is drawn, so
// that nothing flashes.
'use strict';

(() => {
  const KEY = 'dialer-theme', dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const follow = () => {
    const theme = chosen() ?? (dark.matches ? 'dark' : 'light');
    document.documentElement.dataset.bsTheme = theme;
    document.documentElement.style.colorScheme = theme;
  };
  dark.addEventListener('change', follow);
  addEventListener('storage', follow); // chosen in another window
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-theme-switch]')) return;
    const other = document.documentElement.dataset.bsTheme === 'dark' ? 'light' : 'dark';
    // What the system says anyway is not kept: then the page goes on following it.
    if ((other === 'dark') === dark.matches) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, other);
    follow();
  });
  follow();
})();
