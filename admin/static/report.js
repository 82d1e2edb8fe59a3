// The chart of a report: calls, answered calls and texts by the hour.
'use strict';

drawCharts((place, told) => {
  const places = told.hours.map((_, n) => n);
  const bars = uPlot.paths.bars({ size: [0.8, 60] });
  const anyText = told.texts.some(Boolean);
  const hour = (n) => told.hours[n] ?? '';
  return new uPlot({
    width: place.clientWidth, height: HEIGHT,
    scales: { x: { time: false, range: () => [-0.6, told.hours.length - 0.4] }, y: upTo() },
    axes: [{ ...axis(), incrs: [1, 2, 3, 4, 6, 12], space: 48, values: (_, at) => at.map((n) => hour(n).slice(0, 5)) }, { ...axis(), incrs: WHOLE, label: say('an hour') }],
    series: [
      { label: say('Hour'), value: (_, n) => (n === null ? '' : hour(n)) },
      { label: say('Calls'), stroke: colour('blue'), fill: colour('blue', 0.3), paths: bars, points: { show: false }, value: counted },
      { label: say('Answered'), stroke: colour('green'), fill: colour('green', 0.5), paths: bars, points: { show: false }, value: counted },
      ...(anyText ? [{ label: say('Texts'), stroke: colour('purple'), width: 2, points: { show: true }, value: counted }] : []),
    ],
  }, [places, told.calls, told.answered, ...(anyText ? [told.texts] : [])], place);
});
