// What charts have in common: colours of the theme, and when they are drawn.
'use strict';

// A colour of the theme, resolved: a canvas knows no variables. Tabler's are oklch() where the browser knows that.
function colour(name, opacity = 1) {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.color = `var(--tblr-${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  const [, kind, parts] = found.match(/^(\w+)\(([^/)]*)/) ?? [];
  if (!kind || opacity === 1) return found;
  return parts.includes(',') ? `rgba(${parts.split(',').slice(0, 3)}, ${opacity})` : `${kind}(${parts.trim()} / ${opacity})`;
}

const HEIGHT = 280;
const upTo = () => ({ range: (_, from, to) => [0, Math.max(to * 1.05, 1)] });
// Whole numbers only: there is no quarter of a call.
const WHOLE = [1, 2, 5].flatMap((one) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((size) => one * size)).sort((a, b) => a - b);
const counted = (_, value) => (value === null || value === undefined ? '' : value.toLocaleString(document.documentElement.lang));
const axis = () => ({ stroke: colour('secondary'), grid: { stroke: colour('border-color'), width: 1 }, ticks: { stroke: colour('border-color') } });

// Draws each element that has `data-chart`, also those that htmx brings, with what `draw` makes of it: a uPlot.
function drawCharts(draw) {
  const charts = new Map();
  const drawAll = () => {
    charts.forEach((chart, place) => { if (!place.isConnected) { chart.destroy(); charts.delete(place); } });
    document.querySelectorAll('[data-chart]').forEach((place) => { if (!charts.has(place)) charts.set(place, draw(place, JSON.parse(place.dataset.chart))); });
  };
  drawAll();
  document.addEventListener('htmx:after:swap', drawAll);
  addEventListener('resize', () => charts.forEach((chart, place) => chart.setSize({ width: place.clientWidth, height: HEIGHT })));
}
