// Light or dark as the system says, also when it changes. Loaded before the page is drawn, so that nothing flashes.
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => { document.documentElement.dataset.bsTheme = dark.matches ? 'dark' : 'light'; };
dark.addEventListener('change', follow);
follow();
