// Times in the zone that the reader has chosen, with what the page said (the campaign's or the contact's zone) beside it. Loaded
// only for readers who have chosen one.
'use strict';

(() => {
  const { zone } = document.documentElement.dataset;
  const format = (seconds) => new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: seconds ? 'medium' : 'short' });
  const [coarse, fine] = [format(false), format(true)];
  const named = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short', day: 'numeric' });
  const nameOf = (at) => named.formatToParts(at).find((part) => part.type === 'timeZoneName').value;

  function translate(place) {
    const at = new Date(place.dateTime);
    const said = place.textContent.trim();
    if (place.querySelector('.beside') || Number.isNaN(at.getTime())) return;
    if (place.classList.contains('utc')) {
      place.textContent = coarse.format(at); // its column says which zone
      return;
    }
    const mine = (/\d\d:\d\d:\d\d/.test(said) ? fine : coarse).format(at);
    if (said.startsWith(mine)) return; // the same clock
    const beside = Object.assign(document.createElement('small'), { className: 'beside', textContent: said });
    place.replaceChildren(`${mine} ${nameOf(at)} `, beside);
  }

  function translateAll() {
    document.querySelectorAll('main time[datetime]:not(.age)').forEach(translate);
    document.querySelectorAll('main th').forEach((head) => {
      const text = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
      while (text.nextNode()) text.currentNode.data = text.currentNode.data.replace('(UTC)', `(${zone})`);
    });
  }

  translateAll();
  document.addEventListener('htmx:after:swap', translateAll);
})();
