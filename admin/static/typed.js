// A session that ends in mid-form costs no typing: what was changed on a page is kept while its reader logs in again.
// It stays in this tab, for the same person and the same address, until the next page that is not the login. Passwords,
// files and what a form hides are never kept.
'use strict';

(() => {
  const KEY = 'typed';
  const NEVER = ['hidden', 'password', 'file', 'submit', 'button', 'reset', 'image'];
  const NOTICE = say('You were logged out meanwhile. What you had changed stands here again; it is not saved yet.');
  const user = document.querySelector('meta[name="user"]').content;
  const here = location.pathname + location.search;

  const forms = () => [...document.querySelectorAll('form[method="post"]')];
  const fields = (form) => [...form.elements].filter((field) => field.name && !NEVER.includes(field.type));
  const state = (field) => (['checkbox', 'radio'].includes(field.type) ? field.checked : field.value);
  const sent = (field) => { // by the server, whatever was typed before this script came
    if (['checkbox', 'radio'].includes(field.type)) return field.defaultChecked;
    if (!field.options) return field.defaultValue;
    return (field.querySelector('option[selected]') ?? field.options[0])?.value ?? '';
  };
  const drawn = new Map(forms().flatMap(fields).map((field) => [field, sent(field)]));

  /** What differs from the page as it came: [form, field, name, state]. */
  function changed() {
    return forms().flatMap((form, at) => fields(form).map((field, index) => [field, [at, index, field.name, state(field)]]))
      .filter(([field]) => drawn.has(field) && drawn.get(field) !== state(field)).map(([, kept]) => kept);
  }

  function restore(kept) {
    const told = new Set();
    for (const [at, index, name, value] of kept) {
      const form = forms()[at];
      const field = form && fields(form)[index];
      if (field?.name !== name) continue; // another page by now
      if (typeof value === 'boolean') field.checked = value;
      else field.value = value;
      told.add(form);
    }
    for (const form of told) {
      const notice = Object.assign(document.createElement('div'), { className: 'alert alert-info', role: 'status', textContent: NOTICE });
      form.prepend(notice);
      form.closest('dialog:not([open])')?.showModal();
      form.dispatchEvent(new Event('change', { bubbles: true })); // what is checked while typing
      notice.scrollIntoView({ block: 'nearest' });
    }
  }

  const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
  if (!user) { // the login: what is kept waits for its owner
    if (stored) sessionStorage.setItem(KEY, JSON.stringify({ ...stored, waited: true }));
    return;
  }
  sessionStorage.removeItem(KEY);
  if (stored?.waited && stored.user === user && stored.page === here) restore(stored.kept);
  addEventListener('pagehide', () => {
    const kept = changed();
    if (kept.length) sessionStorage.setItem(KEY, JSON.stringify({ user, page: here, kept }));
    else sessionStorage.removeItem(KEY);
  });
})();
