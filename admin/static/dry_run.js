// The chart of a dry run: calls and texts by the hour, and how many agents are busy.
'use strict';

drawCharts((place, hours) => {
  const times = [...hours.calls, null].map((_, index) => hours.start + index * 3600);
  const toTheEnd = (series) => [...series, series.at(-1)]; // a step is as long as its hour
  const anyText = hours.texts.some(Boolean);
  const bars = uPlot.paths.bars({ size: [0.9, 80], align: 1 });
  const steps = uPlot.paths.stepped({ align: 1 });
  const told = (locale, options) => new Intl.DateTimeFormat(locale, { timeZone: hours.zone, ...options });
  const clock = told('en-GB', { hour: '2-digit', minute: '2-digit' });
  const { lang } = document.documentElement;
  const day = told(lang === 'en' ? 'en-GB' : lang, { weekday: 'short', day: 'numeric', month: 'short' });
  const instant = (time) => new Date(time * 1e3);
  const named = (time, step) => {
    const shown = clock.format(instant(time));
    return shown === '00:00' || step >= 86400 ? day.format(instant(time)) : shown;
  };
  return new uPlot({
    width: place.clientWidth, height: HEIGHT, tzDate: (time) => uPlot.tzDate(new Date(time * 1e3), hours.zone),
    scales: { y: upTo(), agents: upTo() },
    axes: [{ ...axis(), incrs: [1, 2, 3, 6, 12, 24, 48, 168, 336, 672].map((some) => some * 3600), space: 70, values: (_, at, __, ___, step) => at.map((time) => named(time, step)) }, { ...axis(), incrs: WHOLE, label: say('an hour') }, { ...axis(), incrs: WHOLE, scale: 'agents', side: 1, label: say('agents'), grid: { show: false } }],
    series: [
      { label: say('Hour'), value: (_, time) => (time === null ? '' : `${day.format(instant(time))} ${clock.format(instant(time))}`) },
      { label: say('Calls'), stroke: colour('blue'), fill: colour('blue', 0.3), paths: bars, points: { show: false }, value: counted },
      { label: say('Connected'), stroke: colour('green'), fill: colour('green', 0.5), paths: bars, points: { show: false }, value: counted },
      ...(anyText ? [{ label: say('Texts'), stroke: colour('purple'), width: 2, paths: steps, points: { show: false }, value: counted }] : []),
      { label: say('Agents at work'), scale: 'agents', stroke: colour('secondary'), dash: [4, 4], paths: steps, points: { show: false }, value: counted },
      { label: say('Agents busy'), scale: 'agents', stroke: colour('orange'), width: 2, paths: steps, points: { show: false }, value: counted },
    ],
  }, [times, ...[hours.calls, hours.connected].map((row) => [...row, null]), ...[...(anyText ? [hours.texts] : []), hours.agents, hours.busy_agents].map(toTheEnd)], place);
});
