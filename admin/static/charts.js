// What charts have in common: colours of the theme, and when they are drawn.
'use strict';

// A colour of the theme, resolved: a canvas knows no variables.
function colour(name, opacity = 1) {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.color = `var(--tblr-${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  const [, kind, parts] = found.match(/^(\w+)\(([^/)]*)/) ?? [];
  return kind === 'rgb' || kind === 'rgba' ? `rgba(${parts.split(',').slice(0, 3)}, ${opacity})` : found;
}

const HEIGHT = 280;
const upTo = () => ({ range: (_, from, to) => [0, Math.max(to * 1.05, 1)] });
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
