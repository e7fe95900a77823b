// One case through a proxy: node driver.mjs CASE ADDRESS CA-FILE ROOM [SECONDS]. Program.cs is the same with another
// library.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ChatClient } from '../../examples/node/chat-client.js';
import { chatStub } from '../../examples/node/rpc.js';

const [name, address, caFile, room, seconds] = process.argv.slice(2);

/** A client that is in a room and remembers what it has heard and sent. */
class Participant {
  received = [];
  sends = [];
  acked = 0;
  problems = 0;
  ended;
  #client;

  constructor(user = room) {
    this.#client = new ChatClient({ address, user, caFile });
    this.#client.join(room);
    this.ended = this.#read();
  }

  send(text) {
    const ack = this.#client.send(room, text);
    ack.then(() => this.acked++, () => {});
    this.sends.push(ack);
  }

  /** Waits until everything is stored, and this many messages of the room have been heard. */
  async settle(messages) {
    const deadline = Date.now() + 90_000;
    const isSettled = () => this.acked === this.sends.length && this.received.length >= messages;
    while (!isSettled()) {
      assert(Date.now() < deadline, `acked ${this.acked} of ${this.sends.length}, heard ${this.received.length} of ${messages}`);
      await Promise.race([sleep(20), this.ended]);
    }
  }

  /** Checks that what it heard is the log: nothing is missing, double, or in another order. */
  async check(texts) {
    const log = await readLog();
    assert.deepEqual(log.map(({ id }) => id), log.map((_, n) => String(n + 1)), 'ids in the log');
    assert.deepEqual(this.received.map(line), log.map(line), 'messages heard, against the log');
    if (texts) {
      assert.deepEqual(log.map(({ text }) => text), texts, 'texts in the log, against those sent');
      assert.deepEqual((await Promise.all(this.sends)).map(({ id }) => id), log.map(({ id }) => id), 'acks');
    }
  }

  /** Half-close, and the end of the stream, which must be OK. */
  async close() {
    this.#client.close();
    await this.ended;
  }

  async #read() {
    for await (const [event, value] of this.#client.events()) {
      if (event === 'message') this.received.push(value);
      if (event !== 'disconnected') continue;
      console.log(`broken: ${value.reason}`);
      this.problems++;
    }
  }
}

const line = ({ id, text }) => `${id} ${text}`;
const numbers = (count) => Array.from({ length: count }, (_, n) => String(n));

async function readLog() {
  const stub = chatStub(address, caFile);
  const list = promisify(stub.listMessages.bind(stub));
  const log = [];
  for (;;) {
    const { messages } = await list({ room, afterId: String(log.length), pageSize: 1000 });
    if (messages.length === 0) break;
    log.push(...messages);
  }
  stub.close();
  return log;
}

const cases = {
  async idle() {
    const ann = new Participant();
    ann.send('before');
    await ann.settle(1);
    await sleep(1000 * seconds);
    ann.send('after');
    await ann.settle(2);
    await ann.check(['before', 'after']);
    await ann.close();
    assert.equal(ann.problems, 0, `${ann.problems} connections broke`);
    return 'the connection stayed';
  },

  async 'half-close'() {
    const texts = numbers(1000).map((n) => `${n} ${'x'.repeat(2000)}`);
    const ann = new Participant();
    for (const text of texts) ann.send(text);
    await ann.close();
    assert.equal(ann.problems, 0, `${ann.problems} connections broke`);
    await ann.check(texts);
    return '1,000 acks, then OK';
  },

  async streams() {
    const everybody = numbers(300).map((n) => new Participant(`${room}-${n}`));
    everybody[0].send('0');
    await Promise.all(everybody.map((one) => one.settle(1)));
    everybody.slice(1).forEach((one, n) => one.send(String(n + 1)));
    await Promise.all(everybody.map((one) => one.settle(300)));
    for (const one of everybody) assert.deepEqual(one.received.map(line), everybody[0].received.map(line));
    await everybody[0].check();
    assert.deepEqual(everybody[0].received.map(({ text }) => text).sort(), numbers(300).sort());
    await Promise.all(everybody.map((one) => one.close()));
    const problems = everybody.reduce((sum, one) => sum + one.problems, 0);
    assert.equal(problems, 0, `${problems} connections broke`);
    return 'each heard all 300';
  },

  async restart() {
    const ann = new Participant();
    let isFinishing = false;
    process.stdin.once('data', () => (isFinishing = true));
    let sent = 0;
    for (; !isFinishing; sent++) {
      ann.send(String(sent));
      if (sent % 10 === 0) console.log(`acked ${ann.acked}`);
      await sleep(10);
    }
    await ann.settle(sent);
    await ann.check(numbers(sent));
    await ann.close();
    assert(ann.problems >= 2, `${ann.problems} reconnects for 2 restarts`);
    return `${sent.toLocaleString('en')} messages once and in order, ${ann.problems} reconnects`;
  },
};

try {
  console.log(`ok: ${await cases[name]()}`);
  process.exit(0); // Standard input may still be open.
} catch (error) {
  console.log(`failed: ${error.message.replace(/\s+/g, ' ').slice(0, 500)}`);
  process.exit(1);
}
