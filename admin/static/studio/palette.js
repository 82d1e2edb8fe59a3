// The step types in the editor: registered from the server's palette, which has their fields, ports and choices.
// Each field's control shows the value that is there, hands out the one that was typed, and says what is wrong with it.
'use strict';

const Studio = { choices: {}, ports: {}, titles: {} };

Studio.register = (palette, choices) => {
  Studio.choices = choices;
  for (const step of palette) {
    Studio.ports[step.type] = step.ports.map((port) => port.label);
    Studio.titles[step.type] = Object.fromEntries(step.fields.map((field) => [field.name, field.title]));
    RED.nodes.registerType(step.type, Studio.definition(step));
  }
};

Studio.definition = (step) => ({
  category: 'campaign',
  color: step.colour,
  icon: step.icon,
  inputs: step.inputs,
  outputs: step.ports.length + (step.rules ? 1 : 0),
  paletteLabel: step.label,
  defaults: Studio.defaults(step),
  label() { return this.name || Studio.summary(step, this); },
  labelStyle() { return this.name ? 'node_label_italic' : ''; },
  outputLabels(index) { return Studio.portLabel(step, this, index); },
  oneditprepare() { Studio.controls = Studio.build(step, this); },
  oneditsave() { for (const control of Studio.controls) this[control.field.name] = control.read(); },
});

Studio.defaults = (step) => {
  const defaults = { name: { value: '' } };
  if (step.rules) defaults.outputs = { value: step.ports.length + 1 };
  for (const field of step.fields) {
    defaults[field.name] = {
      value: field.default,
      validate(value, _options) { // with two parameters the editor takes words for what is wrong
        const fault = Studio.applies(field, this) && Studio.fault(field, value);
        return fault ? `${field.title}: ${fault}` : true;
      },
    };
  }
  return defaults;
};

// -- in words ----------------------------------------------------------------------------------------------------------

Studio.summary = (step, node) => {
  const first = (text) => (text.length > 18 ? `${text.slice(0, 17)}…` : text);
  switch (step.type) {
    case 'campaign-call': return node.queue ? say('%(step)s for %(queue)s', { step: step.label, queue: node.queue }) : step.label;
    case 'campaign-sms': return node.text ? `${step.label} “${first(node.text)}”` : step.label;
    case 'campaign-wait': return node.kind === 'for' ? `${step.label} ${node.duration || ''}`.trim() : say('%(step)s until %(when)s', { step: step.label, when: node.at || '…' });
    case 'campaign-branch': return node.on ? `${first(node.on)}?` : step.label;
    case 'campaign-time-window': return node.from && node.to ? `${node.from} – ${node.to}` : step.label;
    case 'campaign-set-attribute': return node.attribute ? first(say('set %(attribute)s', node)) : step.label;
    case 'campaign-end': return node.result ? `${step.label}: ${first(node.result)}` : step.label;
    default: return step.label;
  }
};

Studio.portLabel = (step, node, index) => {
  if (!step.rules) return Studio.ports[step.type][index];
  const rules = Array.isArray(node.rules) ? node.rules : [];
  if (index >= rules.length) return Studio.ports[step.type][index - rules.length];
  const words = Object.fromEntries(step.fields.find((field) => field.kind === 'rules').options);
  const { op, value } = rules[index];
  return op === 'empty' ? words.empty : `${{ eq: '=', ne: '≠', lt: '<', le: '≤', gt: '>', ge: '≥' }[op] || words[op] || op} ${value}`;
};

// -- what is wrong with a value --------------------------------------------------------------------------------------------

Studio.applies = (field, node) => !field.only_with
  || Object.entries(field.only_with).every(([other, values]) => values.includes(node[other]));

const DURATION = /^[0-9]{1,9}[smhd]$/;

Studio.fault = (field, value) => {
  const empty = value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
  if (empty) return field.required || field.minItems || field.only_with?.kind?.[0] === 'for' ? say('is needed') : '';
  switch (field.kind) {
    case 'number':
      if (!/^-?[0-9]+$/.test(value)) return say('should be a whole number');
      return value < field.minimum || value > field.maximum ? say('should be from %(minimum)s to %(maximum)s', field) : '';
    case 'duration': return DURATION.test(value) ? '' : say('should be such as 90s, 15m, 2h or 3d');
    case 'durations': return [].concat(value).every((one) => DURATION.test(one)) ? '' : say('should be such as 15m, 1h, 1d');
    case 'clock': return /^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(value) ? '' : say('should be such as 09:00');
    default: return field.maxLength && value.length > field.maxLength ? say('has more than %(maxLength)s characters', field) : '';
  }
};

// -- the dialog ------------------------------------------------------------------------------------------------------------

Studio.build = (step, node) => {
  const place = $('.studio-fields').last().empty();
  const controls = step.fields.map((field) => {
    const row = $('<div class="form-row studio-row">').attr('data-field', field.name).appendTo(place);
    $('<label>').attr('for', `studio-${field.name}`).text(field.title).appendTo(row);
    const control = Studio.control(field, node, $('<div class="studio-control">').appendTo(row));
    control.field = field;
    control.row = row;
    $('<p class="studio-fault" role="alert">').appendTo(row);
    $('<p class="studio-help">').text(field.help.replaceAll('`', '')).appendTo(row);
    return control;
  });
  const look = () => {
    const typed = Object.fromEntries(controls.map((control) => [control.field.name, control.read()]));
    for (const { field, row } of controls) {
      const applies = Studio.applies(field, typed);
      row.toggle(applies);
      row.children('.studio-fault').text(applies ? Studio.fault(field, typed[field.name]) : '');
    }
  };
  place.off('.studio').on('input.studio change.studio', look);
  look();
  return controls;
};

Studio.control = (field, node, place) => {
  const value = node[field.name] ?? field.default;
  const id = `studio-${field.name}`;
  switch (field.kind) {
    case 'switch': {
      const box = $('<input type="checkbox">').attr('id', id).prop('checked', value === true || value === 'true').appendTo(place);
      return { read: () => box.prop('checked') };
    }
    case 'choice': case 'queue': case 'voice-gateway': case 'sms-gateway': case 'mode':
      return Studio.select(field, value, id, place);
    case 'choices': return Studio.boxes(field, value, place);
    case 'rules': return Studio.rules(field, value, node, place);
    case 'template': return Studio.template(field, value, id, place);
    case 'durations': {
      const input = $('<input type="text">').attr('id', id).val([].concat(value).join(', ')).appendTo(place);
      return { read: () => input.val().split(',').map((one) => one.trim()).filter(Boolean) };
    }
    case 'number': {
      const input = $('<input type="number" step="1">').attr({ id, min: field.minimum, max: field.maximum }).val(value).appendTo(place);
      return { read: () => (/^-?[0-9]+$/.test(input.val()) ? Number(input.val()) : input.val()) };
    }
    default: {
      const input = $('<input type="text">').attr({ id, maxlength: field.maxLength }).val(value).appendTo(place);
      Studio.suggest(field, input, place);
      return { read: () => input.val().trim() };
    }
  }
};

Studio.select = (field, value, id, place) => {
  const known = Studio.choices[field.kind];
  const select = $('<select>').attr('id', id).appendTo(place);
  const add = (choice, words) => $('<option>').val(choice).text(words).appendTo(select);
  if (known) add('', known.own ? say("the campaign's: %(own)s", known) : say("the campaign's (none yet)"));
  const options = known ? known.options : field.options;
  for (const [choice, words] of options) add(choice, words);
  if (value && !options.some(([choice]) => choice === value)) add(value, say('%(value)s (not there now)', { value }));
  select.val(value);
  return { read: () => select.val() ?? '' };
};

Studio.boxes = (field, value, place) => {
  const chosen = new Set(Array.isArray(value) ? value : String(value).split(',').map((one) => one.trim()));
  place.addClass('studio-boxes');
  for (const [choice, words] of field.options) {
    const label = $('<label>').appendTo(place);
    $('<input type="checkbox">').val(choice).prop('checked', chosen.has(choice)).appendTo(label);
    label.append(document.createTextNode(words));
  }
  return { read: () => place.find('input:checked').map((_, box) => box.value).get() };
};

Studio.suggest = (field, input, place) => {
  const more = field.kind === 'look' ? field.options : [];
  const known = Studio.choices[field.kind === 'look' ? 'attribute' : field.kind];
  if (!known) return;
  const list = $('<datalist>').attr('id', `${input.attr('id')}-list`).appendTo(place);
  for (const [choice, words] of [...known.options, ...more]) $('<option>').val(choice).text(words === choice ? '' : words).appendTo(list);
  input.attr('list', list.attr('id'));
};

Studio.template = (field, value, id, place) => {
  const area = $('<textarea rows="4">').attr({ id, maxlength: field.maxLength }).val(value).appendTo(place);
  const insert = $('<select class="studio-insert">').attr('aria-label', say('Insert a field')).appendTo(place);
  $('<option value="">').text(say('insert a field …')).appendTo(insert);
  for (const [name, words] of Studio.choices.attribute?.options ?? []) $('<option>').val(name).text(words).appendTo(insert);
  insert.on('change', () => {
    if (insert.val()) area[0].setRangeText(`{{${insert.val()}}}`, area[0].selectionStart, area[0].selectionEnd, 'end');
    insert.val('');
    area.trigger('input').trigger('focus');
  });
  return { read: () => area.val() };
};

// Each rule has a way out. Node-RED moves the wires of rules that were moved by a map of old to new places (`outputs`).
Studio.rules = (field, value, node, place) => {
  const outputs = $('<input type="hidden" id="node-input-outputs">').appendTo(place);
  const list = $('<ol>').appendTo(place);
  const before = Array.isArray(value) ? value : [];
  const rows = () => list.editableList('items').toArray() // one that fades away has gone
    .filter((row) => !row.parent().hasClass('red-ui-editableList-item-deleting'));
  const read = () => rows().map((row) => ({ op: row.find('select').val(), value: row.find('input').val() }));
  const remap = () => {
    const map = {};
    rows().forEach((row, index) => { map[row.data('data').was ?? `new${index}`] = index; });
    before.forEach((_, index) => { map[index] ??= -1; });
    map[before.length] = rows().length; // otherwise
    outputs.val(JSON.stringify(map));
    list.trigger('change');
  };
  list.css('min-height', '90px').editableList({
    sortable: true,
    removable: true,
    addItem(row, index, rule) {
      const op = $('<select>').attr('aria-label', say('Comparison')).appendTo(row);
      for (const [choice, words] of field.options) $('<option>').val(choice).text(words).appendTo(op);
      const compared = $('<input type="text" maxlength="500">').attr('aria-label', say('Value')).val(rule.value ?? '').appendTo(row);
      op.val(rule.op ?? 'eq').on('change', () => compared.toggle(op.val() !== 'empty')).trigger('change');
      setTimeout(remap);
    },
    removeItem: remap,
    sortItems: remap,
  });
  list.on('click', '.red-ui-editableList-item-remove', () => setTimeout(remap));
  before.forEach((rule, index) => list.editableList('addItem', { ...rule, was: index }));
  remap();
  return { read };
};
