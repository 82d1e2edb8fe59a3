// A draft of the strategy: saved from the canvas as it is, shown when the editor is opened, discarded, or deployed in the end.
'use strict';

Studio.draft = null; // the one that is on the canvas, as the server told it
Studio.other = null; // one that is not
Studio.versions = new Map(); // which version a revision of the deployed strategy has
Studio.mayWrite = !document.body.classList.contains('studio-read-only');

const DEPLOYED = '?show=deployed'; // asks for what is deployed, though there is a draft
const ABSENT = 'none';
let opened = null;

// The first look is for the canvas; any other compares with what is deployed.
$.ajaxPrefilter((options, _original, request) => {
  if (options.url !== 'flows') return;
  if (options.type === 'POST') {
    if (Studio.draft) request.setRequestHeader('Studio-Draft', Studio.draft.rev);
    request.fail(() => Studio.offerDraft(request.status));
    request.done((answer) => Studio.deployed(answer));
  } else {
    const first = !opened;
    if (!first || location.search === DEPLOYED) options.url += DEPLOYED;
    request.done((answer) => {
      Studio.versions.set(answer.rev, answer.version);
      if (first) opened = answer;
    });
  }
});

Studio.deployed = (answer) => { // before the editor's own
  Studio.versions.set(answer.rev, answer.version);
  Studio.draft = null;
  Studio.other = answer.draft ?? null;
  Studio.tellDraft();
};

Studio.offerDraft = (status) => {
  if (status !== 400 || !Studio.mayWrite) return;
  $('#studio-faults').append($('<footer>').append(
    $('<span>').text(say('It can be kept as a draft until it is mended.')), ' ',
    $('<button type="button" class="red-ui-button">').text(say('Save it as a draft')).on('click', () => Studio.saveDraft()),
  ));
};

// -- what is told -----------------------------------------------------------------------------------------------------------

const frame = () => location.pathname.replace(/editor\/$/, '').replace(/\/$/, '');
const link = (text, search) => $('<a target="_top">').attr('href', frame() + search).text(text);

Studio.tellDraft = () => {
  $('#studio-draft').remove();
  const told = Studio.draft ?? Studio.other;
  if (told) {
    const strip = $('<section id="studio-draft" role="status">').append($('<b>').text(`${told.title}.`));
    if (told.age) strip.append($('<span>').text(told.age));
    if (!Studio.draft) strip.append($('<span>').text(say('It is not what is drawn here.')), link(say('Open the draft'), ''));
    else {
      if (told.deployed) strip.append(link(say('See version %(deployed)s', told), DEPLOYED));
      if (Studio.mayWrite) strip.append($('<button type="button" class="red-ui-button">').text(say('Discard draft')).on('click', askToDiscard));
    }
    strip.appendTo('#red-ui-workspace');
    room.observe(strip[0]);
  }
  makeRoom();
};

// The sidebar lies over the canvas; the notice stands beside the one and above the other.
const makeRoom = () => {
  const strip = $('#studio-draft').css('right', $('#red-ui-sidebar-container').width() || 0);
  $('#red-ui-workspace-chart').css('top', strip.outerHeight() ?? 0);
};
const room = new ResizeObserver(makeRoom);

// -- saving -----------------------------------------------------------------------------------------------------------------

const saveButton = $('<a id="studio-save-draft" class="red-ui-deploy-button disabled" href="#">').text(say('Save draft'))
  .attr('title', say('Keep the drawing as it is, without deploying it'))
  .on('click', (event) => { event.preventDefault(); if (!saveButton.hasClass('disabled')) Studio.saveDraft(); });

const asJson = (value) => ({ type: 'POST', contentType: 'application/json', data: JSON.stringify(value) });

// `over`: whichever draft is there, it is replaced.
Studio.saveDraft = (over = false) => {
  if (!Studio.mayWrite) return;
  const rev = RED.nodes.version();
  const body = { flows: RED.nodes.createCompleteNodeSet(), rev, version: Studio.versions.get(rev) ?? null };
  if (!over) body.draft = Studio.draft?.rev ?? ABSENT;
  saveButton.addClass('disabled');
  $.ajax({ url: 'draft', ...asJson(body) }).done(({ draft }) => {
    [Studio.draft, Studio.other] = [draft, null];
    RED.nodes.dirty(false);
    Studio.showFaults(draft.faults, say('The draft'), true);
    Studio.tellDraft();
    RED.notify($('<span>').text(say('The draft is saved. Nothing was deployed.')), 'success');
  }).fail((request) => {
    saveButton.removeClass('disabled');
    const answer = request.responseJSON ?? { message: say('the server answered %(status)s', request) };
    if (request.status === 409) askToReplace(answer);
    else {
      if (answer.faults) Studio.showFaults(answer.faults, say('Nothing was saved'), true);
      RED.notify($('<span>').text(say('The draft was not saved: %(why)s', { why: answer.summary ?? answer.message })), 'error');
    }
  });
};

// -- questions ----------------------------------------------------------------------------------------------------------------

const question = (lines, doIt, act) => {
  const asked = RED.notify($('<div>').append(lines), {
    modal: true,
    fixed: true,
    buttons: [
      { text: say('Keep drawing'), click: () => asked.close() },
      { text: doIt, class: 'primary', click: () => { asked.close(); act(); } },
    ],
  });
};

const askToReplace = ({ message, draft }) => {
  const lines = [$('<p>').append($('<b>').text(message))];
  if (draft) lines.push($('<p>').text(`${draft.title}. `).append(link(say('Look at it in another window'), '').attr('target', '_blank')));
  question(lines, draft ? say('Replace that draft') : say('Save it all the same'), () => Studio.saveDraft(true));
};

const askToDiscard = () => {
  const after = Studio.draft.deployed
    ? say('What is drawn in it is gone for good, and version %(deployed)s comes back to the canvas.', Studio.draft)
    : say('What is drawn in it is gone for good, and the canvas begins anew.');
  const lines = [$('<p>').append($('<b>').text(say('Discard this draft?'))), $('<p>').text(after)];
  question(lines, say('Discard it'), () => {
    $.ajax({ url: 'draft', type: 'DELETE', headers: { 'Studio-Draft': Studio.draft.rev } }).done(() => {
      RED.nodes.dirty(false); // nothing to be asked about
      location.reload();
    }).fail(({ responseJSON }) => RED.notify($('<span>').text(responseJSON?.message ?? say('It could not be discarded.')), 'error'));
  });
};

// -- when the editor is there -------------------------------------------------------------------------------------------------

RED.events.on('flows:loaded', () => {
  if (Studio.mayWrite) {
    $('<li>').append($('<span class="red-ui-deploy-button-group button-group">').append(saveButton)).prependTo('.red-ui-header-toolbar');
    RED.actions.add('studio:save-draft', () => Studio.saveDraft());
    RED.keyboard.add('*', 'ctrl-s', 'studio:save-draft');
    RED.events.on('workspace:dirty', ({ dirty }) => { // after the editor's own, which knows no drafts
      saveButton.toggleClass('disabled', !dirty);
      if (Studio.draft) $('#red-ui-header-button-deploy').removeClass('disabled');
    });
  }
  const { draft = null, original } = opened;
  if (original) {
    Studio.draft = draft;
    RED.nodes.originalFlow(original); // what a merge with a later version compares with
    if (Studio.mayWrite) $('#red-ui-header-button-deploy').removeClass('disabled');
    if (draft.faults.length) Studio.showFaults(draft.faults, say('The draft'), true);
  } else Studio.other = draft;
  Studio.tellDraft();
  room.observe($('#red-ui-sidebar-container')[0]);
  RED.comms.subscribe('notification/runtime-deploy', () => {}); // asks: what was deployed before the flow was here was not heard
});
