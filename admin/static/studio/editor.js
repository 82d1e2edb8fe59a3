// What our server adds to the Node-RED editor: its protection against other sites, faults at their nodes, outcomes that
// are always to be read, and a sidebar without what a strategy has no use for.
'use strict';

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';
const SVG = 'http://www.w3.org/2000/svg';

// -- the page's policy runs no handlers that stand in HTML: the few that the editor writes become data, and are called here ----

const CALLS = {
  'RED.workspaces.show': (id) => RED.workspaces.show(id),
  'RED.search.show': (text) => RED.search.show(text),
  'RED.sidebar.help.show': (type) => RED.sidebar.help.show(type),
};
const HANDLER = /\sonclick="(RED\.[\w.]+)\('([^'"\\]*)'\);[^"]*"/g;
const filtered = $.htmlPrefilter;
$.htmlPrefilter = (html) => filtered(html).replace(HANDLER, ' data-studio-call="$1" data-studio-with="$2"');
document.addEventListener('click', (event) => {
  const { studioCall, studioWith } = event.target.closest?.('[data-studio-call]')?.dataset ?? {};
  if (!Object.hasOwn(CALLS, studioCall ?? '')) return;
  event.preventDefault();
  CALLS[studioCall](studioWith);
});

// How somebody likes the editor is kept by the browser: sidebars, grid, keys.
const LIKED = 'studio-settings';
const remember = (options) => {
  if (options.type === 'POST') localStorage.setItem(LIKED, options.data);
  else options.dataFilter = (text) => JSON.stringify({ ...JSON.parse(text), ...JSON.parse(localStorage.getItem(LIKED) ?? '{}') });
};

// -- asking the server ---------------------------------------------------------------------------------------------------

$.ajaxPrefilter((options, _original, request) => {
  if (options.crossDomain) return;
  if (!/^(GET|HEAD)$/i.test(options.type)) request.setRequestHeader('X-CSRF-Token', meta('csrf'));
  if (options.url === 'settings/user') remember(options);
  if (options.url === 'flows' && options.type === 'POST') {
    Studio.showFaults([]);
    request.fail(() => Studio.refused(request)); // before the editor's own, which shows `responseText` as HTML
    request.done((answer) => Studio.showFaults(answer.warnings ?? [], say('Deployed, with warnings')));
  }
});

Studio.refused = (request) => {
  if (request.status === 409 || !request.responseText) return;
  let answer;
  try { answer = JSON.parse(request.responseText); } catch { answer = { message: say('the server answered %(status)s', request) }; }
  Studio.showFaults(answer.faults ?? [], say('Nothing was deployed'), true);
  request.responseText = $('<i>').text(answer.summary ?? answer.message).html();
};

// -- faults: a list that stays, and a mark at each node --------------------------------------------------------------------

Studio.faults = new Map();

// A step inside a subflow is shown at the subflow's node.
const shownAt = (id) => id.split('/')[0];

// With the field as the dialog calls it; what is wrong with a step as a whole stands alone.
Studio.inWords = ({ node, field, reason }) => {
  const type = RED.nodes.node(node?.split('/').at(-1))?.type;
  return field === 'node' ? reason : `${Studio.titles[type]?.[field] ?? field}: ${reason}`;
};

Studio.showFaults = (faults, title = '', refused = false) => {
  const marked = [...Studio.faults.keys()];
  Studio.faults = new Map();
  for (const fault of faults) {
    if (fault.node) Studio.faults.set(shownAt(fault.node), [...Studio.faults.get(shownAt(fault.node)) ?? [], fault]);
  }
  $('#studio-faults').remove();
  if (faults.length) Studio.listFaults(faults, title, refused);
  for (const id of [...marked, ...Studio.faults.keys()]) Studio.redraw(id);
};

Studio.redraw = (id) => {
  const node = RED.nodes.node(id);
  if (!node) return;
  node.dirty = true;
  RED.view.redraw();
};

Studio.listFaults = (faults, title, refused) => {
  const panel = $('<section id="studio-faults" role="alert">').toggleClass('studio-warnings', !refused).appendTo('#red-ui-workspace');
  const count = faults.length === 1 ? say('1 place to look at') : say('%(number)s places to look at', { number: faults.length });
  $('<header>').append($('<b>').text(`${title}: ${count}`))
    .append($('<button type="button">').attr('aria-label', say('Close')).text('×').on('click', () => panel.remove())).appendTo(panel);
  const list = $('<ol>').appendTo(panel);
  for (const fault of faults) {
    const node = fault.node && RED.nodes.node(shownAt(fault.node));
    const item = $('<li>').appendTo(list);
    if (node) {
      $('<a href="#">').text(RED.utils.getNodeLabel(node, node.id)).appendTo(item).on('click', (event) => {
        event.preventDefault();
        RED.view.reveal(node.id);
        RED.view.select({ nodes: [node] });
      });
    } else if (fault.node) item.append($('<b>').text(fault.node));
    item.append(document.createTextNode(`${fault.node ? ', ' : ''}${Studio.inWords(fault)}`));
  }
};

const element = (name, attributes, text) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

const markFaults = (node, place) => {
  place.querySelector('.studio-mark')?.remove();
  const faults = Studio.faults.get(node.id);
  if (!faults) return;
  const mark = element('g', { class: 'studio-mark', transform: 'translate(0, 0)' });
  mark.append(element('circle', { r: 9 }), element('text', { y: 4 }, '!'));
  mark.append(element('title', {}, faults.map(Studio.inWords).join('\n')));
  place.append(mark);
};

// -- outcomes beside their ports ---------------------------------------------------------------------------------------------

const labelOutcomes = (node, place) => {
  if (!node.type.startsWith('campaign-') || node.outputs < 2) return;
  place.querySelectorAll('.red-ui-flow-port-output').forEach((port, index) => {
    const label = RED.utils.getPortLabel?.(node, 'output', index) ?? node._def.outputLabels.call(node, index);
    let text = port.querySelector('.studio-outcome');
    if (!text) {
      text = element('text', { class: 'studio-outcome', x: 14, y: 8 });
      port.append(text);
    }
    if (text.textContent !== label) text.textContent = label;
  });
};

RED.hooks.add('viewRedrawNode.studio', ({ node, el }) => {
  if (!el || !node._def || node.type === 'group') return;
  labelOutcomes(node, el);
  markFaults(node, el);
});

// -- the workspace -------------------------------------------------------------------------------------------------------

RED.envVar.init = () => {}; // a strategy has no environment variables
RED.editor.mermaid.render = async () => {}; // diagrams in descriptions: a library of 3.5 MB that is not served
const addTab = RED.sidebar.addTab; // one that is removed later takes the sidebars with it: the editor then keeps them as closed
RED.sidebar.addTab = (tab, ...more) => ['config', 'context'].includes(tab.id) || addTab(tab, ...more);
RED.events.on('flows:loaded', () => {
  setTimeout(() => { // once everything is drawn
    if (innerWidth < 800) RED.menu.setSelected('menu-item-right-sidebar', false);
    const chart = $('#red-ui-workspace-chart');
    const nodes = RED.nodes.filterNodes({ z: RED.workspaces.active() });
    const beyond = (node) => node.x + node.w / 2 > chart.width() - $('#red-ui-sidebar').width() || node.y + node.h / 2 > chart.height();
    if (nodes.some(beyond)) RED.actions.invoke('core:zoom-fit');
  }, 300);
});
// The page around it says that the editor is being loaded, until it is, or has something to say itself.
const reveal = () => { if (window.frameElement) frameElement.dataset.ready = 'yes'; };
RED.events.on('flows:loaded', reveal);
$(document).ajaxError(reveal);
// Who deploys while contacts are on their way is told what becomes of them, and asked.
const ask = (deploy) => {
  if ($('#red-ui-header-button-deploy').hasClass('disabled')) return;
  $.ajax({
    url: 'flows/check', type: 'POST', contentType: 'application/json', data: JSON.stringify({ flows: RED.nodes.createCompleteNodeSet() }),
  }).fail(deploy).done(({ asks }) => { // what can't be checked is refused in words
    if (!asks.length) { deploy(); return; }
    const told = $('<div>').append($('<p>').append($('<b>').text(say('Deploy this strategy?'))), $('<ul>').append(asks.map((line) => $('<li>').text(line))));
    const asked = RED.notify(told, {
      modal: true,
      fixed: true,
      buttons: [
        { text: say('Keep drawing'), click: () => asked.close() },
        { text: say('Deploy it'), class: 'primary', click: () => { asked.close(); deploy(); } },
      ],
    });
  });
};
// The server refuses with every fault; the editor need not ask before. Called by the button and by its key.
RED.events.on('flows:loaded', () => {
  const deploy = RED.actions.get('core:deploy-flows');
  RED.actions.remove('core:deploy-flows');
  RED.actions.add('core:deploy-flows', () => ask(() => deploy(true)));
});
document.addEventListener('click', (event) => {
  if (!event.target.closest?.('#red-ui-header-button-deploy')) return;
  event.preventDefault();
  event.stopPropagation();
  RED.actions.invoke('core:deploy-flows');
}, true);

localStorage.setItem('editor-language', document.documentElement.lang); // in which the editor asks for its parts
if (!localStorage.getItem('view-dark-theme')) localStorage.setItem('view-dark-theme', 'auto'); // as our own pages do
$(() => RED.init({ apiRootUrl: '' }));
