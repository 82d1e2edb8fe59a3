// What plain HTML can't do: open dialogs, and send a file with its progress. Everything else is the server's and htmx's.
'use strict';

const csrf = () => document.querySelector('meta[name="csrf"]').content;

// -- dialogs: a button with data-opens="ID" opens one, one with data-closes closes its own ------------------------------

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-opens]');
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest('[data-closes]')) event.target.closest('dialog')?.close();
  if (event.target.matches('dialog')) event.target.close(); // a click beside it
});
const openNow = () => document.querySelectorAll('dialog[data-open-now]:not([open])').forEach((dialog) => {
  delete dialog.dataset.openNow;
  dialog.showModal();
});
openNow();
document.addEventListener('htmx:after:swap', openNow); // one that was fetched

// -- menus: <details class="menu"> closes by a click elsewhere and by Escape, which leaves the focus on its title --------

document.addEventListener('click', (event) => {
  document.querySelectorAll('details.menu[open]').forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener('keydown', (event) => {
  const menu = event.key === 'Escape' && event.target.closest?.('details.menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});

// A second click on a button that was pressed would send the form twice.
const SENT_MS = 15_000;
document.addEventListener('submit', (event) => {
  if (event.defaultPrevented || event.target.method !== 'post') return;
  if (event.target.dataset.sent) event.preventDefault();
  else event.target.dataset.sent = 'yes';
  setTimeout(() => delete event.target.dataset.sent, SENT_MS); // the answer never came, or somebody has stopped it
});
addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach((form) => delete form.dataset.sent));

// -- copying: a button with data-copies="ID" -----------------------------------------------------------------------------

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copies]');
  if (!button) return;
  const source = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.dataset.copied = 'yes';
  } catch { // not over plain http: then it is selected, to be copied by hand
    getSelection().selectAllChildren(source);
  }
});

// -- upload of a contact file -------------------------------------------------------------------------------------------

function tell(text, colour) {
  const place = document.getElementById('upload-result');
  place.className = `alert alert-${colour} mt-2 mb-0`;
  place.textContent = text;
}

function reason(request) {
  if (!request.status) return say('The connection was lost before the file had arrived. Nothing was loaded; send it again.');
  try {
    const problem = JSON.parse(request.responseText);
    return problem.errors?.map((fault) => fault.reason).join('; ') || problem.detail;
  } catch {
    return say('The server answered %(status)s.', { status: `${request.status} ${request.statusText}` });
  }
}

function send(form, file) {
  const bar = form.querySelector('progress');
  const chooser = form.querySelector('input[type=file]');
  if (!bar.hidden) return; // one is on its way
  const request = new XMLHttpRequest();
  request.open('POST', `${form.getAttribute('action')}?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.setRequestHeader('X-CSRF-Token', csrf());
  request.upload.onprogress = (event) => { bar.max = event.total || 1; bar.value = event.loaded; };
  request.upload.onload = () => tell(say('Looking at %(name)s …', file), 'info');
  request.onloadend = () => {
    bar.hidden = true;
    chooser.disabled = false;
    form.reset();
    if (request.status === 201) location.assign(form.dataset.then + JSON.parse(request.responseText).id);
    else tell(`${file.name}: ${reason(request)}`, 'danger');
  };
  bar.hidden = false;
  chooser.disabled = true;
  bar.value = 0;
  tell(say('Sending %(name)s …', file), 'info');
  request.send(file);
}

document.querySelectorAll('form[data-upload]').forEach((form) => {
  const drop = form.querySelector('[data-drop]');
  form.addEventListener('submit', (event) => event.preventDefault());
  form.querySelector('input[type=file]').addEventListener('change', (event) => {
    if (event.target.files.length) send(form, event.target.files[0]);
  });
  for (const kind of ['dragenter', 'dragover']) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add('over'); });
  for (const kind of ['dragleave', 'drop']) drop.addEventListener(kind, () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    const { files } = event.dataTransfer;
    if (files.length > 1) tell(form.dataset.several, 'danger'); // not one of them, and the others forgotten
    else if (files.length) send(form, files[0]);
  });
  for (const kind of ['dragover', 'drop']) { // beside the place the browser would open the file, and leave the page
    addEventListener(kind, (event) => { if (event.dataTransfer?.types.includes('Files')) event.preventDefault(); });
  }
});

// -- requests of htmx: a bar while one lasts, and words when it failed -------------------------------------------------------
// A stream is a request that never ends; what becomes of it is said below.

/** Asks for the same once more, with what stands in its form by then. */
const repeat = ({ sourceElement, request }) => htmx.ajax(request.method, request.action, { source: sourceElement });

function againButton(press) {
  const { again } = document.getElementById('toasts').dataset;
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm', textContent: again });
  button.addEventListener('click', press);
  return button;
}

/** Only what reads is repeated from here: who sent a form has its button. */
function toast(text, ctx) {
  const told = document.createElement('div');
  told.className = 'alert alert-danger toast-text';
  told.textContent = text;
  if (ctx.request.method === 'GET') told.append(againButton(() => { told.remove(); repeat(ctx); }));
  const toasts = document.getElementById('toasts');
  const close = Object.assign(document.createElement('button'), { type: 'button', className: 'btn-close', ariaLabel: toasts.dataset.close });
  close.addEventListener('click', () => told.remove());
  told.append(close);
  toasts.replaceChildren(told);
}

/** Of what a page fetches by itself: said where it was to stand, in place of the words of its waiting. */
function missing(place, ctx) {
  const [waiting, hidden] = [[...place.childNodes], place.hidden];
  const again = againButton(() => {
    place.replaceChildren(...waiting);
    place.hidden = hidden;
    place.classList.remove('text-danger');
    repeat(ctx);
  });
  again.classList.add('ms-2');
  place.replaceChildren(place.dataset.unreached, again);
  place.hidden = false;
  place.classList.add('text-danger');
}

function failed(ctx, words) {
  const place = ctx.sourceElement.querySelector('[data-unreached]');
  if (place) missing(place, ctx);
  else toast(words, ctx);
}

/** The words of the server's error page, if that is what came in place of a part. */
function errorOf(response) {
  const page = new DOMParser().parseFromString(response, 'text/html').querySelector('[data-error]');
  return page && [...page.querySelectorAll('h1, p')].map((line) => line.textContent.trim()).join(': ');
}

const isStream = (event) => event.target.closest?.('[hx-sse\\:connect]') === event.target;
const asked = new Set();
const showAsked = () => document.body.classList.toggle('asking', asked.size > 0);
document.addEventListener('htmx:before:request', (event) => {
  if (isStream(event)) return;
  asked.add(event.detail.ctx);
  showAsked();
});
document.addEventListener('htmx:finally:request', (event) => { asked.delete(event.detail.ctx); showAsked(); });
document.addEventListener('htmx:after:request', (event) => {
  const { response, text } = event.detail.ctx;
  if (isStream(event) && response.status >= 500) beginAgain(event.target);
  if (isStream(event) || response.status < 400) return;
  let words = errorOf(text);
  if (!words && response.status < 500) return; // a part that says itself what is wrong
  words ||= document.getElementById('toasts').dataset.failed.replace('STATUS', response.status); // not ours: a proxy's
  event.preventDefault();
  failed(event.detail.ctx, words);
});
document.addEventListener('htmx:error', (event) => {
  if (event.detail.ctx && !isStream(event)) failed(event.detail.ctx, document.getElementById('toasts').dataset.unreached);
});

// -- the focus: what had it and is replaced gives it to what came in its place, not to the top of the page -------------------

const asks = (one) => one.getAttribute('hx-get') ?? one.getAttribute('hx-post');
const sign = (one) => [asks(one), ...['name', 'value', 'href', 'aria-label'].map((name) => one.getAttribute(name)), one.textContent.trim()].join('|');
let focused = {};
document.addEventListener('htmx:before:swap', () => {
  const one = document.activeElement;
  focused = { one, place: one.closest('[id]')?.id };
});
document.addEventListener('htmx:after:swap', () => {
  const place = document.getElementById(focused.place ?? '');
  if (!place || focused.one.isConnected || document.activeElement !== document.body) return;
  const some = [...place.querySelectorAll(focused.one.tagName)].filter((one) => !one.disabled);
  const next = some.find((one) => sign(one) === sign(focused.one)) ?? some.find((one) => asks(one) && asks(one) === asks(focused.one));
  if (!next) place.tabIndex = -1;
  (next ?? place).focus({ preventScroll: Boolean(next) });
});

// -- streams: say when what is shown is not live any more ------------------------------------------------------------------

// htmx tries one again that breaks off, but not one that never began.
const AGAIN_MS = 3000;
function beginAgain(stream) {
  document.body.classList.add('stale');
  setTimeout(() => {
    if (stream.isConnected) htmx.ajax('GET', stream.getAttribute('hx-sse:connect'), { source: stream });
  }, AGAIN_MS);
}
document.addEventListener('htmx:error', (event) => { if (event.detail.ctx && isStream(event)) beginAgain(event.target); });
document.addEventListener('htmx:sse:error', () => document.body.classList.add('stale'));
document.addEventListener('htmx:sse:after:connection', () => document.body.classList.remove('stale'));
document.addEventListener('htmx:sse:after:message', () => document.body.classList.remove('stale'));

// -- a campaign's buttons follow its state, which somebody else may have changed; not while one of them asks -----------------

document.addEventListener('htmx:after:swap', () => {
  const [state, moves] = [document.getElementById('state'), document.getElementById('moves')];
  if (!state || !moves || moves.dataset.status === state.dataset.status || moves.querySelector('dialog[open]')) return;
  moves.dataset.status = state.dataset.status;
  moves.dispatchEvent(new Event('moved'));
});

// -- ticked rows: the toolbar shows itself once there are some ---------------------------------------------------------------

function countTicked() {
  const bar = document.querySelector('[data-bulk]');
  if (!bar) return;
  const rows = [...document.querySelectorAll('input[name="ids"][form="bulk"]')];
  const ticked = rows.filter((row) => row.checked).length;
  bar.hidden = ticked === 0;
  bar.querySelector('[data-bulk-count]').textContent = ticked;
  const all = document.querySelector('[data-bulk-all]');
  if (all) {
    all.checked = rows.length > 0 && ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
  }
}

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-bulk-all]')) {
    document.querySelectorAll('input[name="ids"][form="bulk"]').forEach((row) => { row.checked = event.target.checked; });
  }
  if (event.target.matches('[data-bulk-all], input[name="ids"][form="bulk"]')) countTicked();
});
document.addEventListener('htmx:after:swap', countTicked);
addEventListener('pageshow', countTicked);
