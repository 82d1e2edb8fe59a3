// What scripts say, in the language of the page. Texts stand here in English, as in the templates; `texts.js` of another language,
// which is loaded before, has those of its catalogue. `%(name)s` stands for one of the values, and a percent sign is written twice.
'use strict';

const say = (text, values = {}) => (globalThis.TEXTS?.[text] ?? text).replace(/%\((\w+)\)s|%%/g, (_, name) => (name ? values[name] : '%'));
