// The whole conversation with a running service: node conversation.js [--address 127.0.0.1:5000] [--ca-file FILE]
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseArgs, promisify } from 'node:util';
import { ChatClient, Refused } from './chat-client.js';
import { chatStub, errorDetails, healthStub, metadata, status } from './rpc.js';

const { address, 'ca-file': caFile } = parseArgs({
  options: { address: { type: 'string', default: '127.0.0.1:5000' }, 'ca-file': { type: 'string' } },
}).values;
const run = randomBytes(12).toString('hex');
const user = `ann-${run}`; // A new name for each run, because each sender may create only so many rooms a minute.
const room = `node-${run}`;
const otherRoom = `${room}-other`;
const chat = chatStub(address, caFile);
const deadline = () => ({ deadline: Date.now() + 60_000 });

/** One stream. It collects everything it reads in lists, one for each field of the response. */
class Stream {
  joined = [];
  messages = [];
  caughtUp = [];
  left = [];
  acks = [];
  refusals = [];
  heartbeat = null;
  #call;
  #responses;
  #ended;

  constructor(values) {
    this.#call = chat.chat(metadata({ user, ...values }), deadline());
    this.#ended = new Promise((resolve) => this.#call.once('status', resolve));
    this.#call.on('error', () => {}); // The final status carries the same error.
    this.#responses = this.#call[Symbol.asyncIterator]();
  }

  write(request) {
    this.#call.write(request);
  }

  send(clientOffset, text, to = '') {
    this.write({ sends: [{ room: to, clientOffset: `${run}-${clientOffset}`, text }] });
  }

  halfClose() {
    this.#call.end();
  }

  /** Reads until the condition is true. */
  async until(isThere) {
    while (!isThere()) assert(await this.#read(), 'the stream ended too early');
  }

  /** Reads to the end and returns the final status. */
  async toEnd() {
    while (await this.#read());
    return await this.#ended;
  }

  cancel() {
    this.#call.cancel();
  }

  async #read() {
    try {
      const { done, value } = await this.#responses.next();
      if (done) return false;
      for (const name of ['joined', 'messages', 'caughtUp', 'left', 'acks', 'refusals']) this[name].push(...value[name]);
      this.heartbeat ??= value.heartbeat;
      return true;
    } catch (error) {
      if (!(error.code in status)) throw error;
      return false;
    }
  }
}

const unary = (stub, method) => (request, values) =>
  promisify(stub[method]).call(stub, request, metadata({ user, ...values }), deadline());
const sendMessage = unary(chat, 'sendMessage');
const listMessages = unary(chat, 'listMessages');
const listRooms = unary(chat, 'listRooms');

const texts = (messages) => messages.map((message) => message.text);
const ids = (messages) => messages.map((message) => message.id);

async function step(name, body) {
  try {
    await body();
    console.log(`ok  ${name}`);
  } catch (error) {
    console.error(`FAILED  ${name}: ${error.message}`);
    process.exit(1);
  }
}

const ann = new Stream({ room });
let logId;

await step('the first response holds the heartbeat and Joined of the first room', async () => {
  await ann.until(() => ann.joined.length > 0);
  const [joined] = ann.joined;
  logId = joined.logId;
  assert(Number(ann.heartbeat.interval.seconds) > 0);
  assert.deepEqual(joined, { room, logId, afterId: '0', oldestId: '1', headId: '0', resume: 'RESUME_COMPLETE' });
});

await step('a send is acked with the next id, and delivered', async () => {
  ann.send(1, 'one');
  ann.send(2, 'two');
  ann.send(3, 'three');
  await ann.until(() => ann.acks.length === 3 && ann.messages.length === 3);
  assert.deepEqual(ann.acks[0], { room, clientOffset: `${run}-1`, id: '1', duplicate: false });
  assert.deepEqual(ids(ann.acks), ['1', '2', '3']);
  assert.deepEqual(ids(ann.messages), ['1', '2', '3']);
  assert.deepEqual(texts(ann.messages), ['one', 'two', 'three']);
  assert.equal(ann.messages[0].sender, user);
});

await step('a repeated client offset is acked as a duplicate with the same id', async () => {
  ann.send(2, 'two');
  await ann.until(() => ann.acks.length === 4);
  assert.deepEqual(ann.acks[3], { room, clientOffset: `${run}-2`, id: '2', duplicate: true });
});

await step('a client offset with a different text is refused as OFFSET_REUSED', async () => {
  ann.send(2, 'another two');
  await ann.until(() => ann.refusals.length === 1);
  assert.equal(ann.refusals[0].clientOffset, `${run}-2`);
  assert.equal(ann.refusals[0].reason, 'REASON_OFFSET_REUSED');
});

await step('a refusal does not end the stream', async () => {
  ann.send(4, '');
  ann.send(4, 'four');
  await ann.until(() => ann.refusals.length === 2 && ann.acks.length === 5);
  assert.equal(ann.refusals[1].reason, 'REASON_INVALID');
  assert.equal(ann.acks[4].id, '4');
});

await step('two rooms on one stream each have their own order', async () => {
  ann.write({ joins: [{ room: otherRoom }] });
  ann.send(5, 'elsewhere', otherRoom);
  ann.send(6, 'five');
  await ann.until(() => ann.messages.length === 6);
  const of = (name) => ann.messages.filter((message) => message.room === name);
  assert.deepEqual(ids(of(otherRoom)), ['1']);
  assert.deepEqual(ids(of(room)), ['1', '2', '3', '4', '5']);
});

await step('a leave is answered by Left, and no more messages of the room arrive', async () => {
  ann.write({ leaves: [{ room: otherRoom }] });
  await ann.until(() => ann.left.length === 1);
  assert.deepEqual(ann.left[0], { room: otherRoom, reason: 'REASON_UNSPECIFIED', detail: '' });
  ann.send(7, 'unheard', otherRoom);
  ann.send(8, 'six');
  await ann.until(() => ann.messages.length === 7);
  assert.equal(ann.messages[6].text, 'six');
});

await step('a refused join is answered by Left with the reason', async () => {
  ann.write({ joins: [{ room: 'No Room' }] });
  await ann.until(() => ann.left.length === 2);
  assert.equal(ann.left[1].reason, 'REASON_INVALID');
});

await step('after half-close everything is answered and the stream ends with OK', async () => {
  ann.send(9, 'seven');
  ann.halfClose();
  assert.equal((await ann.toEnd()).code, status.OK);
  assert.equal(ann.acks.at(-1).id, '7');
  assert.equal(ann.messages.at(-1).text, 'seven');
});

async function join(position) {
  const bob = new Stream({ user: 'bob', room, ...position });
  await bob.until(() => bob.caughtUp.length === 1);
  bob.cancel();
  return bob;
}

await step('a client that reconnects gets exactly what it missed', async () => {
  const bob = await join({ 'last-seen-id': 3, 'log-id': logId });
  assert.equal(bob.joined[0].resume, 'RESUME_COMPLETE');
  assert.deepEqual(texts(bob.messages), ['four', 'five', 'six', 'seven']);
});

await step('a replay limit shortens the replay, and Joined says GAP', async () => {
  const bob = await join({ 'last-seen-id': 0, 'log-id': logId, 'replay-limit': 2 });
  assert.equal(bob.joined[0].resume, 'RESUME_GAP');
  assert.equal(bob.joined[0].afterId, '5');
  assert.deepEqual(texts(bob.messages), ['six', 'seven']);
});

await step('a position ahead of the log is answered by RESET', async () => {
  const bob = await join({ 'last-seen-id': 1000, 'log-id': logId });
  assert.equal(bob.joined[0].resume, 'RESUME_RESET');
  assert.equal(bob.joined[0].afterId, '0');
  assert.equal(bob.messages.length, 7);
});

await step('a position in another log is answered by RESET', async () => {
  const bob = await join({ 'last-seen-id': 3, 'log-id': 'another-log' });
  assert.equal(bob.joined[0].resume, 'RESUME_RESET');
  assert.equal(bob.messages.length, 7);
});

await step('malformed metadata ends the call with INVALID_ARGUMENT and names the key', async () => {
  const end = await new Stream({ room, 'last-seen-id': -1 }).toEnd();
  const { ErrorInfo: info, BadRequest: bad } = errorDetails(end);
  assert.equal(end.code, status.INVALID_ARGUMENT);
  assert.deepEqual([info.domain, info.reason], ['chat', 'INVALID_METADATA']);
  assert.equal(bad.fieldViolations[0].field, 'last-seen-id');
});

await step('SendMessage and the stream share their client offsets', async () => {
  const fresh = await sendMessage({ send: { room, clientOffset: `${run}-10`, text: 'eight' } });
  assert.deepEqual(fresh.ack, { room, clientOffset: `${run}-10`, id: '8', duplicate: false });
  const again = await sendMessage({ send: { room, clientOffset: `${run}-1`, text: 'one' } });
  assert.deepEqual(again.ack, { room, clientOffset: `${run}-1`, id: '1', duplicate: true });
});

await step('a refused SendMessage is a status with the reason', async () => {
  const error = await sendMessage({ send: { room, clientOffset: `${run}-1`, text: 'another one' } }).catch((e) => e);
  assert.equal(error.code, status.ALREADY_EXISTS);
  assert.equal(errorDetails(error).ErrorInfo.reason, 'OFFSET_REUSED');
});

await step('ListMessages pages forwards and backwards', async () => {
  const newest = await listMessages({ room, pageSize: 3 });
  assert.deepEqual(ids(newest.messages), ['6', '7', '8']);
  assert.deepEqual([newest.logId, newest.oldestId, newest.headId], [logId, '1', '8']);
  assert.deepEqual(ids((await listMessages({ room, beforeId: '6', pageSize: 3 })).messages), ['3', '4', '5']);
  assert.deepEqual(ids((await listMessages({ room, afterId: '0', pageSize: 3 })).messages), ['1', '2', '3']);
  const error = await listMessages({ room, logId: 'another-log' }).catch((e) => e);
  assert.equal(error.code, status.FAILED_PRECONDITION);
  assert.equal(errorDetails(error).ErrorInfo.reason, 'LOG_CHANGED');
});

await step('ListRooms returns both rooms and their newest ids', async () => {
  const heads = new Map();
  let pageToken = '';
  do {
    const page = await listRooms({ pageSize: 1000, pageToken });
    for (const { name, headId } of page.rooms) heads.set(name, headId);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  assert.deepEqual([heads.get(room), heads.get(otherRoom)], ['8', '2']);
});

await step('a sender in UTF-8 and a reader talk through the client of this example', async () => {
  const zoe = new ChatClient({ address, user: 'Zoë', caFile });
  zoe.join(room, { afterId: '8', logId });
  const wrote = Array.from({ length: 500 }, (_, n) => `message ${n}`);
  const answered = Promise.all([
    ...wrote.map((text) => zoe.send(room, text)),
    assert.rejects(zoe.send(room, ''), (error) => error instanceof Refused && error.reason === 'REASON_INVALID'),
  ]);
  zoe.close();
  const read = [];
  for await (const [event, value] of zoe.events()) if (event === 'message') read.push(value);
  const acks = (await answered).slice(0, wrote.length);
  assert.deepEqual(ids(acks), wrote.map((_, n) => String(9 + n)));
  assert.deepEqual(ids(read), ids(acks));
  assert.deepEqual(texts(read), wrote);
  assert.equal(read[0].sender, 'Zoë');
});

await step('health is SERVING for the server and for chat.v1.ChatService', async () => {
  const health = healthStub(address, caFile);
  const check = unary(health, 'check');
  assert.equal((await check({ service: '' })).status, 'SERVING');
  assert.equal((await check({ service: 'chat.v1.ChatService' })).status, 'SERVING');
  health.close();
});

chat.close();
