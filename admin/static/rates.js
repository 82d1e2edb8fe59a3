// Charts of the last hour and day, fed by what the stream puts into #rates-data.
'use strict';

const plots = new Map();
const height = 200;

function fed(place) {
  const all = JSON.parse(document.getElementById('rates-data').dataset.series);
  const some = all[place.dataset.rates];
  const times = [...some.calls, null].map((_, index) => some.start + index * some.step); // to the end of the last step
  const rows = [some.calls, some.texts, some.answered, some.abandoned].map((row) => [...row, null]);
  const zone = all.zone ?? document.documentElement.dataset.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { zone, data: [times, ...rows] };
}

function plotted(place) {
  const { zone, data } = fed(place);
  place.closest('figure').querySelector('[data-rates-zone]').textContent = `(${zone})`;
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  const told = (time) => (time === null ? '' : clock.format(new Date(time * 1e3)));
  const percent = (_, value) => counted(_, value) && `${counted(_, value)} %`;
  const lines = { width: 2, points: { show: true, size: 4 } };
  return new uPlot({
    width: place.clientWidth, height, tzDate: (time) => uPlot.tzDate(new Date(time * 1e3), zone),
    scales: { y: upTo(), percent: { range: [0, 100] } },
    axes: [
      { ...axis(), space: 60, values: (_, at) => at.map(told) }, { ...axis(), incrs: WHOLE },
      { ...axis(), scale: 'percent', side: 1, size: 60, grid: { show: false }, values: (_, at) => at.map((value) => `${value} %`) },
    ],
    series: [
      { label: say('From'), value: (_, time) => told(time) },
      { label: say('Calls'), stroke: colour('blue'), fill: colour('blue', 0.3), paths: uPlot.paths.bars({ size: [0.9, 40], align: 1 }), points: { show: false }, value: counted },
      { label: say('Texts'), stroke: colour('purple'), width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, value: counted },
      { label: say('Answered, %% of ended'), scale: 'percent', stroke: colour('green'), value: percent, ...lines },
      { label: say('Abandoned, %% of answered'), scale: 'percent', stroke: colour('red'), value: percent, ...lines },
    ],
  }, data, place);
}

function feed() {
  document.querySelectorAll('[data-rates]').forEach((place) => {
    const shown = document.getElementById('rates-data').dataset.series;
    if (place.fedWith === shown) return;
    place.fedWith = shown;
    if (plots.has(place)) plots.get(place).setData(fed(place).data);
    else plots.set(place, plotted(place));
  });
}

function drawAnew() {
  plots.forEach((plot, place) => { plot.destroy(); place.fedWith = ''; });
  plots.clear();
  feed();
}

feed();
document.addEventListener('htmx:after:swap', feed);
addEventListener('resize', () => plots.forEach((plot, place) => plot.setSize({ width: place.clientWidth, height })));
new MutationObserver(drawAnew).observe(document.documentElement, { attributeFilter: ['data-bs-theme'] }); // light or dark
