'use strict';
/*
 * An SMSC for the demo and the tests, on the npm package `smpp`: a stranger's implementation, so that it does not share
 * our misunderstandings. Started by smsc.py.
 *
 *   node smsc.js '{"port": 0, "ledger": "/path/ledger.jsonl", "behaviour": {…}}'
 *
 * stdin takes one JSON command a line, stdout gives one JSON answer a line; the end of stdin ends the process.
 */
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const start = JSON.parse(process.argv[2]);
const ledger = fs.openSync(start.ledger, 'a');
const sessions = new Set();
const unanswered = []; // submit_sm without a response, for `answer_late`
const owed = new Map(); // receipts that nobody has acknowledged yet: they are sent again at the next bind
let counter = start.first_id || 1;
let second = 0; // the current second and what was taken in it, for `rate`
let taken = 0;

const behaviour = {
  bind_status: 0, // refuse binds with this status
  answer: true, // false: no submit_sm_resp (kept for `answer_late`)
  answer_delay_ms: 0,
  nack: false, // answer submit_sm with generic_nack
  refuse: [], // [[pattern of the destination, status], …]
  rate: 0, // submit_sm a second; more are ESME_RTHROTTLED; 0 for no limit
  receipts: 'after', // 'after' the response, 'before' it, 'none'
  receipt_delay_ms: 20,
  receipt_copies: 1,
  receipt_form: 'both', // 'both', 'text', 'tlv'
  receipt_command: 'deliver_sm', // or 'data_sm'
  id_form: 'same', // [response, receipt]: 'same', 'hex_decimal', 'decimal_hex', 'padded'
  undelivered: [], // [[pattern of the destination, message_state], …]
  split_writes: false, // send every octet of a PDU in a write of its own
};
Object.assign(behaviour, start.behaviour || {});

const STATES = {
  1: 'ENROUTE', 2: 'DELIVRD', 3: 'EXPIRED', 4: 'DELETED', 5: 'UNDELIV', 6: 'ACCEPTD', 7: 'UNKNOWN', 8: 'REJECTD',
};

// The octets as they came, before the package decodes them.
const decodeMessage = smpp.filters.message.decode;
smpp.filters.message.decode = function (value, skipUdh) {
  if (Buffer.isBuffer(value)) this.raw_message = Buffer.from(value).toString('hex');
  return decodeMessage.call(this, value, skipUdh);
};

function note(record) {
  // Synchronous: what is in the ledger was received, whatever happens next.
  fs.writeSync(ledger, JSON.stringify({ at: Date.now() / 1000, ...record }) + '\n');
}

function matching(rules, number) {
  const rule = rules.find(([pattern]) => new RegExp(pattern).test(number));
  return rule ? rule[1] : 0;
}

function ids(number) {
  const decimal = String(number);
  const hex = number.toString(16);
  switch (behaviour.id_form) {
    case 'hex_decimal': return [hex, decimal];
    case 'decimal_hex': return [decimal, hex.toUpperCase()];
    case 'padded': return [decimal, decimal.padStart(12, '0')];
    default: return [decimal, decimal];
  }
}

function overRate() {
  if (!behaviour.rate) return false;
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) [second, taken] = [now, 0];
  taken += 1;
  return taken > behaviour.rate;
}

function write(session, pdu, callback) {
  if (!behaviour.split_writes) return session.send(pdu, callback);
  const socket = session.socket;
  const whole = socket.write;
  socket.setNoDelay(true);
  socket.write = function (buffer, done) {
    for (const octet of buffer) whole.call(socket, Buffer.from([octet]));
    if (done) process.nextTick(done);
    return true;
  };
  session.send(pdu, callback);
  delete socket.write;
  return true;
}

function day() {
  return new Date().toISOString().replace(/[-T:]/g, '').slice(2, 12);
}

function receiptPdu(id, submit) {
  const state = matching(behaviour.undelivered, submit.destination_addr) || 2;
  const good = state === 2;
  const text = `id:${id} sub:001 dlvrd:${good ? '001' : '000'} submit date:${day()} done date:${day()}` +
    ` stat:${STATES[state]} err:${good ? '000' : '001'} text:id:0 stat:REJECTD`;
  const fields = {
    esm_class: 4,
    source_addr_ton: submit.dest_addr_ton, source_addr_npi: submit.dest_addr_npi, source_addr: submit.destination_addr,
    dest_addr_ton: submit.source_addr_ton, dest_addr_npi: submit.source_addr_npi, destination_addr: submit.source_addr,
  };
  const isData = behaviour.receipt_command === 'data_sm';
  if (behaviour.receipt_form !== 'tlv' && !isData) fields.short_message = text;
  if (behaviour.receipt_form !== 'text' || isData) {
    Object.assign(fields, { receipted_message_id: id, message_state: state });
  }
  return new smpp.PDU(behaviour.receipt_command, fields);
}

function sendReceipt(key) {
  const session = [...sessions].find((candidate) => candidate.bound);
  const debt = owed.get(key);
  if (!session || !debt) return;
  write(session, receiptPdu(debt.id, debt.submit), (answer) => {
    note({ what: 'receipt_resp', status: answer.command_status, smsc_id: debt.id });
    if (answer.command_status === 0) owed.delete(key);
    else setTimeout(sendReceipt, 200, key);
  });
}

function owe(id, submit) {
  for (let copy = 0; copy < behaviour.receipt_copies; copy += 1) {
    const key = `${id}/${copy}`;
    owed.set(key, { id, submit });
    if (behaviour.receipts === 'before') sendReceipt(key);
    else setTimeout(sendReceipt, behaviour.receipt_delay_ms, key);
  }
}

function answerSubmit(session, submit, fields) {
  if (behaviour.nack) return session.generic_nack({ sequence_number: submit.sequence_number, command_status: 3 });
  return write(session, submit.response(fields));
}

// The text of the TLV, which the package may have decoded already.
function whole(payload) {
  if (payload === undefined) return '';
  const text = payload.message === undefined ? payload : payload.message;
  return Buffer.isBuffer(text) ? text.toString('latin1') : text;
}

function onSubmit(session, submit) {
  const over = overRate();
  const status = over ? smpp.ESME_RTHROTTLED : matching(behaviour.refuse, submit.destination_addr);
  const number = counter;
  counter += 1;
  const [responseId, receiptId] = ids(number);
  note({
    what: 'submit_sm', destination: submit.destination_addr, source: submit.source_addr,
    source_ton: submit.source_addr_ton, source_npi: submit.source_addr_npi, payload: submit.raw_message || '',
    text: Buffer.isBuffer(submit.short_message.message) ? null : submit.short_message.message,
    data_coding: submit.data_coding, esm_class: submit.esm_class, registered_delivery: submit.registered_delivery,
    validity_period: submit.validity_period, status, smsc_id: status ? '' : responseId,
    destination_ton: submit.dest_addr_ton, destination_npi: submit.dest_addr_npi,
    sar: submit.sar_total_segments ? [submit.sar_msg_ref_num, submit.sar_total_segments, submit.sar_segment_seqnum] : [],
    message_payload: whole(submit.message_payload),
  });
  if (status || behaviour.nack) return answerSubmit(session, submit, { command_status: status });
  const wantsReceipt = submit.registered_delivery & 1 && behaviour.receipts !== 'none';
  if (wantsReceipt && behaviour.receipts === 'before') owe(receiptId, submit);
  const answer = () => {
    answerSubmit(session, submit, { message_id: responseId });
    if (wantsReceipt && behaviour.receipts === 'after') owe(receiptId, submit);
  };
  if (!behaviour.answer) return unanswered.push(answer);
  return behaviour.answer_delay_ms ? setTimeout(answer, behaviour.answer_delay_ms) : answer();
}

function onBind(session, pdu) {
  note({ what: 'bind', command: pdu.command, system_id: pdu.system_id, status: behaviour.bind_status });
  if (behaviour.bind_status) {
    session.send(pdu.response({ command_status: behaviour.bind_status }));
    return session.close();
  }
  session.send(pdu.response({ system_id: 'lab' }));
  session.bound = true;
  for (const key of owed.keys()) sendReceipt(key);
  return undefined;
}

function onSession(session) {
  sessions.add(session);
  session.socket.setNoDelay(true);
  for (const kind of ['transceiver', 'transmitter', 'receiver']) {
    session.on(`bind_${kind}`, (pdu) => onBind(session, pdu));
  }
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    note({ what: 'unbind' });
    session.bound = false;
    session.send(pdu.response(), () => session.close());
  });
  session.on('close', () => sessions.delete(session));
  session.on('error', () => session.destroy());
}

const commands = {
  set: (given) => Object.assign(behaviour, given.behaviour),
  drop: () => sessions.forEach((session) => session.destroy()),
  drop_one: () => [...sessions][0].destroy(),
  unbind: () => sessions.forEach((session) => {
    session.bound = false;
    session.unbind(() => session.close());
  }),
  enquire: () => new Promise((done) => [...sessions][0].enquire_link(() => done())),
  raw: (given) => sessions.forEach((session) => session.socket.write(Buffer.from(given.octets, 'hex'))),
  answer_late: () => unanswered.splice(0).forEach((answer) => answer()),
  // `text`, or `octets` in hex with `esm_class` and `data_coding`
  reply: (given) => sessions.forEach((session) => session.deliver_sm({
    source_addr_ton: 1, source_addr_npi: 1, source_addr: given.source, destination_addr: given.destination,
    short_message: given.octets === undefined ? given.text : { message: Buffer.from(given.octets, 'hex') },
    esm_class: given.esm_class || 0, data_coding: given.data_coding || 0,
  }, (answer) => note({ what: 'reply_resp', status: answer.command_status }))),
  state: () => ({ sessions: sessions.size, owed: owed.size }),
};

const options = start.key ? { key: fs.readFileSync(start.key), cert: fs.readFileSync(start.cert) } : {};
const server = smpp.createServer(options, onSession);
server.listen(start.port, '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ port: server.address().port }) + '\n');
});

readline.createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const given = JSON.parse(line);
    const result = await commands[given.do](given);
    process.stdout.write(JSON.stringify({ done: given.do, result: given.do === 'state' ? result : null }) + '\n');
  })
  .on('close', () => process.exit(0));
