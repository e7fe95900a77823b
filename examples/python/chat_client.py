"""A chat client that keeps the rules of docs/protocol.md."""

import asyncio
import itertools
import random
import secrets
import time
from dataclasses import dataclass

import grpc

from rpc import chat_pb2, chat_pb2_grpc, error_details, metadata, open_channel

FINAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.UNAUTHENTICATED,
}
SENDS_PER_REQUEST = 32  # With the largest texts this is 0.5 MiB; the limit of a request is 1 MiB.


class Refused(Exception):
    """
    This attempt stored nothing.

    The same send would be refused again or, if `retry_after` is not None, could be stored after so many seconds.
    """

    def __init__(self, refusal):
        super().__init__(refusal.detail)
        self.reason = refusal.reason
        has_delay = refusal.HasField("retry_after")
        self.retry_after = refusal.retry_after.ToTimedelta().total_seconds() if has_delay else None


class MessageMissing(Exception):
    """The ids of a room have a gap."""


@dataclass
class Disconnected:
    """The stream broke. The client reconnects after `wait` seconds."""

    reason: str
    wait: float


class ChatClient:
    """One user's conversation with the service, over as many streams as it takes."""

    def __init__(self, address, user="anonymous"):
        self._address = address
        self._user = user
        self._client_id = secrets.token_hex(16)
        self._counter = itertools.count(1)
        self._positions = {}  # By room: the Join that resumes at the application's position.
        self._joined = set()
        self._outbox = {}  # Unanswered sends, in order. Keep them on disk if they must survive the process.
        self._stream = None
        self._holds_sends = False
        self._hold_for = 0.0
        self._silence_limit = 50.0
        self._closing = False

    def join(self, room, after_id=None, log_id="", replay_limit=0):
        """Follows a room from a position; without one, from the oldest message."""
        self._joined.discard(room)
        self._positions[room] = chat_pb2.Join(room=room, after_id=after_id, log_id=log_id, replay_limit=replay_limit)
        self._write(chat_pb2.ChatRequest(joins=[self._positions[room]]))

    def leave(self, room):
        self._positions.pop(room, None)
        self._joined.discard(room)
        self._write(chat_pb2.ChatRequest(leaves=[chat_pb2.Leave(room=room)]))

    def send(self, room, text):
        """Stores a message once. Returns a future of its Ack or Refused, set only while events() is being iterated."""
        if self._closing:
            raise RuntimeError("the client is closed")
        client_offset = f"{self._client_id}-{next(self._counter)}"
        send = chat_pb2.Send(room=room, client_offset=client_offset, text=text)
        answer = asyncio.get_running_loop().create_future()
        self._outbox[client_offset] = send, answer
        if not self._holds_sends:
            self._write(chat_pb2.ChatRequest(sends=[send]))
        return answer

    @property
    def unanswered(self):
        return len(self._outbox)

    def close(self):
        """Half-close: events() ends when every send is answered and every joined room is read to its head."""
        self._closing = True
        if not self._holds_sends:
            self._write(None)

    async def events(self):
        """
        Yields Joined, Message, CaughtUp, Left, and Disconnected before the client reconnects.

        Asking for the next event moves the position past a message. Raises if the failure is permanent.
        """
        failures = 0
        while True:
            go_away = settled_at = None
            self._stream = stream = _Stream(self._address, self._user)
            self._joined.clear()
            self._holds_sends = True
            self._write(chat_pb2.ChatRequest(joins=self._positions.values()))
            hold = asyncio.get_running_loop().call_later(self._hold_for, self._resend)
            try:
                while response := await stream.read(self._silence_limit):
                    if response.HasField("heartbeat"):
                        self._silence_limit = 2.5 * response.heartbeat.interval.ToTimedelta().total_seconds()
                    go_away = response.go_away if response.HasField("go_away") else None
                    for event in self._take(response):
                        yield event
                    if response.caught_up or not self._positions:
                        settled_at = settled_at or time.monotonic()
                return
            except (grpc.aio.AioRpcError, asyncio.TimeoutError, MessageMissing) as error:
                ended = error
            finally:
                self._stream = None
                hold.cancel()
                await stream.close()

            if settled_at and time.monotonic() - settled_at > 5:
                failures = 0
            wait = self._backoff(failures, ended, go_away)
            yield Disconnected(_reason(ended), wait)
            await asyncio.sleep(wait)
            failures += 1

    def _backoff(self, failures, ended, go_away):
        code, details = None, {}
        if isinstance(ended, grpc.aio.AioRpcError):
            code, details = ended.code(), error_details(ended)
        retry = details.get("RetryInfo")
        is_final = code in FINAL or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and not retry)
        if is_final or (go_away and not go_away.reconnect):
            for answer in [answer for _, answer in self._outbox.values() if not answer.done()]:
                answer.set_exception(ended)
            raise ended

        jitter = random.uniform(0, min(30, 0.1 * 2 ** min(failures, 10)))
        asked = go_away.reconnect_after if go_away else retry.retry_delay if retry else None
        at_least = asked.ToTimedelta().total_seconds() if asked else 0.0
        reads_at_once = go_away and go_away.why == chat_pb2.GoAway.WHY_STORE_UNAVAILABLE
        self._hold_for = at_least if reads_at_once else 0.0
        return jitter if reads_at_once else max(jitter, at_least)

    def _write(self, request):
        if self._stream:
            self._stream.write(request)

    def _resend(self):
        """Sends everything unanswered again, in order, before anything new."""
        self._holds_sends = False
        sends = [send for send, _ in self._outbox.values()]
        for first in range(0, len(sends), SENDS_PER_REQUEST):
            self._write(chat_pb2.ChatRequest(sends=sends[first:first + SENDS_PER_REQUEST]))
        if self._closing:
            self._write(None)

    def _take(self, response):
        for ack in response.acks:
            if answer := self._answered(ack):
                answer.set_result(ack)
        for refusal in response.refusals:
            if answer := self._answered(refusal):
                answer.set_exception(Refused(refusal))
        for joined in response.joined:
            room = joined.room
            if room in self._positions:
                self._positions[room] = chat_pb2.Join(room=room, after_id=joined.after_id, log_id=joined.log_id)
                self._joined.add(room)
            yield joined
        for message in response.messages:
            if message.room not in self._joined:
                continue  # It was in transit when the room was left or joined again.
            position = self._positions[message.room]
            if message.id != position.after_id + 1:
                due = position.after_id + 1
                raise MessageMissing(f"expected message {due} of {message.room}, but received {message.id}")
            yield message
            position.after_id = message.id
        yield from response.caught_up
        for left in response.left:
            if left.reason != chat_pb2.REASON_UNSPECIFIED:
                self._positions.pop(left.room, None)
                self._joined.discard(left.room)
            yield left

    def _answered(self, answer):
        _, future = self._outbox.pop(answer.client_offset, (None, None))
        return future if future and not future.done() else None


class _Stream:
    """One call and a queue of its requests, because gRPC allows one write at a time."""

    def __init__(self, address, user):
        self._channel = open_channel(address)
        self._call = chat_pb2_grpc.ChatServiceStub(self._channel).Chat(metadata=metadata(user, room="-"))
        self._requests = asyncio.Queue()
        self._writer = asyncio.create_task(self._write_all())

    def write(self, request):
        """Sends a request, or None for half-close."""
        self._requests.put_nowait(request)

    async def read(self, timeout):
        """The next response, or None if the stream ended with OK."""
        response = await asyncio.wait_for(self._call.read(), timeout)
        return None if response is grpc.aio.EOF else response

    async def close(self):
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        self._call.cancel()
        await self._channel.close()

    async def _write_all(self):
        while request := await self._requests.get():
            await self._call.write(request)
        await self._call.done_writing()


def _reason(error):
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or "no response or heartbeat arrived in time"
