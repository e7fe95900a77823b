import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { chatStub, errorDetails, metadata, milliseconds, status } from './rpc.js';

const FINAL = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
  status.DATA_LOSS,
  status.UNAUTHENTICATED,
]);
const SENDS_PER_REQUEST = 32; // With the largest texts this is 0.5 MiB; the limit of a request is 1 MiB.

/**
 * This attempt stored nothing. The same send would be refused again or, if there is a `retryAfter`, could be stored after
 * so many milliseconds.
 */
export class Refused extends Error {
  constructor({ reason, detail, retryAfter }) {
    super(detail);
    this.reason = reason;
    this.retryAfter = retryAfter ? milliseconds(retryAfter) : undefined;
  }
}

/** One user's conversation with the service, over as many streams as it takes. */
export class ChatClient {
  #address;
  #caFile;
  #user;
  #clientId = randomBytes(16).toString('hex');
  #counter = 0;
  #positions = new Map(); // By room: { afterId, logId }, the application's position or the one it asked for.
  #outbox = new Map(); // Unanswered sends, in order. Keep them on disk if they must survive the process.
  #call = null;
  #holdsSends = false;
  #holdFor = 0;
  #silenceLimit = 50_000;
  #closing = false;

  constructor({ address, user, caFile }) {
    this.#address = address;
    this.#caFile = caFile;
    this.#user = user;
  }

  /** Follows a room from a position { afterId, logId, replayLimit }; without one, from the oldest message. */
  join(room, position = {}) {
    this.#positions.set(room, position);
    this.#call?.write({ joins: [joinOf(room, position)] });
  }

  leave(room) {
    this.#positions.delete(room);
    this.#call?.write({ leaves: [{ room }] });
  }

  /** Stores a message once. Resolves to its Ack or rejects with Refused, but only while events() is being iterated. */
  send(room, text) {
    if (this.#closing) throw new Error('the client is closed');
    const clientOffset = `${this.#clientId}-${++this.#counter}`;
    return new Promise((resolve, reject) => {
      const send = { room, clientOffset, text };
      this.#outbox.set(clientOffset, { send, resolve, reject });
      if (!this.#holdsSends) this.#call?.write({ sends: [send] });
    });
  }

  get unanswered() {
    return this.#outbox.size;
  }

  /** Half-close: events() ends when every send is answered and every joined room is read to its head. */
  close() {
    this.#closing = true;
    if (!this.#holdsSends) this.#call?.end();
  }

  /**
   * Yields [name, value]: 'joined', 'message', 'caughtUp', 'left', and 'disconnected' before the client reconnects.
   * Asking for the next event moves the position past a message. Throws if the failure is permanent.
   */
  async *events() {
    for (let failures = 0; ; failures++) {
      const { end, goAway, held } = yield* this.#stream();
      if (end.code === status.OK) return;

      const { RetryInfo: retry } = errorDetails(end);
      const isFinal =
        goAway?.reconnect === false || FINAL.has(end.code) || (end.code === status.RESOURCE_EXHAUSTED && !retry);
      if (isFinal) {
        const error = new Error(`${status[end.code]}: ${end.details}`);
        for (const { reject } of this.#outbox.values()) reject(error);
        throw error;
      }

      if (held) failures = 0;
      const jitter = Math.random() * Math.min(30_000, 100 * 2 ** failures);
      const asked = goAway?.reconnectAfter ?? retry?.retryDelay;
      const atLeast = asked ? milliseconds(asked) : 0;
      const readsAtOnce = goAway?.why === 'WHY_STORE_UNAVAILABLE';
      this.#holdFor = readsAtOnce ? atLeast : 0;
      const wait = readsAtOnce ? jitter : Math.max(jitter, atLeast);
      yield ['disconnected', { reason: `${status[end.code]}: ${end.details}`, wait }];
      await sleep(wait);
    }
  }

  async *#stream() {
    const stub = chatStub(this.#address, this.#caFile);
    const call = stub.chat(metadata({ user: this.#user, room: '-' }));
    const ended = new Promise((resolve) => call.once('status', resolve));
    call.on('error', () => {}); // The final status carries the same error.
    const watch = () => setTimeout(() => call.cancel(), this.#silenceLimit);
    let watchdog = watch();
    let goAway, settledAt, fault;

    this.#call = call;
    this.#holdsSends = true;
    call.write({ joins: [...this.#positions].map(([room, position]) => joinOf(room, position)) });
    const hold = setTimeout(() => this.#resend(), this.#holdFor);
    try {
      for await (const response of call) {
        clearTimeout(watchdog); // The time that the application takes does not count as silence.
        if (response.heartbeat) this.#silenceLimit = 2.5 * milliseconds(response.heartbeat.interval);
        goAway = response.goAway;
        fault = yield* this.#take(response);
        if (fault) break;
        if (response.caughtUp.length > 0 || this.#positions.size === 0) settledAt ??= Date.now();
        watchdog = watch();
      }
    } catch (error) {
      if (error.code === undefined) throw error;
    } finally {
      clearTimeout(watchdog);
      clearTimeout(hold);
      this.#call = null;
      call.cancel();
      stub.close();
    }
    const end = fault ? { code: status.INTERNAL, details: fault } : await ended;
    return { end, goAway, held: Date.now() - settledAt > 5_000 };
  }

  // Sends everything unanswered again, in order, before anything new.
  #resend() {
    this.#holdsSends = false;
    const sends = [...this.#outbox.values()].map(({ send }) => send);
    while (sends.length > 0) this.#call.write({ sends: sends.splice(0, SENDS_PER_REQUEST) });
    if (this.#closing) this.#call.end();
  }

  *#take(response) {
    for (const ack of response.acks) this.#answered(ack)?.resolve(ack);
    for (const refusal of response.refusals) this.#answered(refusal)?.reject(new Refused(refusal));
    for (const joined of response.joined) {
      const { room, logId, afterId } = joined;
      if (this.#positions.has(room)) this.#positions.set(room, { logId, afterId, isJoined: true });
      yield ['joined', joined];
    }
    for (const message of response.messages) {
      const position = this.#positions.get(message.room);
      if (!position?.isJoined) continue; // It was in transit when the room was left or joined again.
      const next = BigInt(position.afterId) + 1n;
      if (BigInt(message.id) !== next) return `expected message ${next} of ${message.room}, but received ${message.id}`;
      yield ['message', message];
      position.afterId = message.id;
    }
    for (const caughtUp of response.caughtUp) yield ['caughtUp', caughtUp];
    for (const left of response.left) {
      if (left.reason !== 'REASON_UNSPECIFIED') this.#positions.delete(left.room);
      yield ['left', left];
    }
  }

  #answered({ clientOffset }) {
    const waiting = this.#outbox.get(clientOffset);
    this.#outbox.delete(clientOffset);
    return waiting;
  }
}

const joinOf = (room, { afterId, logId, replayLimit }) => ({ room, afterId, logId, replayLimit });
