"""The whole conversation with a running service: python3 conversation.py [--address 127.0.0.1:5000]"""

import argparse
import asyncio
import secrets
import sys

import grpc

from chat_client import ChatClient, Refused
from rpc import chat_pb2, chat_pb2_grpc, error_details, health_pb2, health_pb2_grpc, metadata, open_channel

TIMEOUT = 60
LISTS = ["joined", "messages", "caught_up", "left", "acks", "refusals"]

run = secrets.token_hex(12)
user = f"ann-{run}"  # A new name for each run: each sender may create only so many rooms a minute.
room = f"python-{run}"
other_room = f"{room}-other"


class Stream:
    """One stream. It collects everything it reads in lists, one for each field of the response."""

    def __init__(self, stub, user=user, **values):
        self._call = stub.Chat(metadata=metadata(user, **values), timeout=TIMEOUT)
        self.heartbeat = None
        for name in LISTS:
            setattr(self, name, [])

    async def write(self, **request):
        await self._call.write(chat_pb2.ChatRequest(**request))

    async def send(self, number, text, to=""):
        await self.write(sends=[chat_pb2.Send(room=to, client_offset=f"{run}-{number}", text=text)])

    async def half_close(self):
        await self._call.done_writing()

    async def until(self, is_there):
        """Reads until the condition is true."""
        while not is_there():
            assert await self._read(), "the stream ended too early"

    async def to_end(self):
        """Reads to the end and returns the final status."""
        while await self._read():
            pass
        return await self._call.code()

    def cancel(self):
        self._call.cancel()

    async def _read(self):
        response = await self._call.read()
        if response is grpc.aio.EOF:
            return False
        for name in LISTS:
            getattr(self, name).extend(getattr(response, name))
        if response.HasField("heartbeat"):
            self.heartbeat = response.heartbeat
        return True


class Step:
    """Prints the name of a step that succeeded, or ends the program if the step failed."""

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Exception):
            line = traceback.tb_lineno
            sys.exit(f"FAILED  {self._name}: line {line}: {kind.__name__} {error}")
        if error is None:
            print(f"ok  {self._name}", flush=True)


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def texts(messages):
    return [message.text for message in messages]


def ids(messages):
    return [message.id for message in messages]


async def failure_of(call):
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the call succeeded")


async def send_and_read(stub):
    ann = Stream(stub, room=room)

    with Step("the first response holds the heartbeat and Joined of the first room"):
        await ann.until(lambda: ann.joined)
        log_id = ann.joined[0].log_id
        assert ann.heartbeat.interval.seconds > 0
        equal(ann.joined, [chat_pb2.Joined(
            room=room, log_id=log_id, after_id=0, oldest_id=1, head_id=0, resume=chat_pb2.RESUME_COMPLETE)])

    with Step("a send is acked with the next id, and delivered"):
        await ann.send(1, "one")
        await ann.send(2, "two")
        await ann.send(3, "three")
        await ann.until(lambda: len(ann.acks) == 3 and len(ann.messages) == 3)
        equal(ann.acks[0], chat_pb2.Ack(room=room, client_offset=f"{run}-1", id=1))
        equal(ids(ann.acks), [1, 2, 3])
        equal(ids(ann.messages), [1, 2, 3])
        equal(texts(ann.messages), ["one", "two", "three"])
        equal(ann.messages[0].sender, user)

    with Step("a repeated client offset is acked as a duplicate with the same id"):
        await ann.send(2, "two")
        await ann.until(lambda: len(ann.acks) == 4)
        equal(ann.acks[3], chat_pb2.Ack(room=room, client_offset=f"{run}-2", id=2, duplicate=True))

    with Step("a client offset with a different text is refused as OFFSET_REUSED"):
        await ann.send(2, "another two")
        await ann.until(lambda: ann.refusals)
        equal(ann.refusals[0].client_offset, f"{run}-2")
        equal(ann.refusals[0].reason, chat_pb2.REASON_OFFSET_REUSED)

    with Step("a refusal does not end the stream"):
        await ann.send(4, "")
        await ann.send(4, "four")
        await ann.until(lambda: len(ann.refusals) == 2 and len(ann.acks) == 5)
        equal(ann.refusals[1].reason, chat_pb2.REASON_INVALID)
        equal(ann.acks[4].id, 4)

    with Step("two rooms on one stream each have their own order"):
        await ann.write(joins=[chat_pb2.Join(room=other_room)])
        await ann.send(5, "elsewhere", other_room)
        await ann.send(6, "five")
        await ann.until(lambda: len(ann.messages) == 6)
        equal([m.id for m in ann.messages if m.room == other_room], [1])
        equal([m.id for m in ann.messages if m.room == room], [1, 2, 3, 4, 5])

    with Step("a leave is answered by Left, and no more messages of the room arrive"):
        await ann.write(leaves=[chat_pb2.Leave(room=other_room)])
        await ann.until(lambda: ann.left)
        equal(ann.left, [chat_pb2.Left(room=other_room)])
        await ann.send(7, "unheard", other_room)
        await ann.send(8, "six")
        await ann.until(lambda: len(ann.messages) == 7)
        equal(ann.messages[6].text, "six")

    with Step("a refused join is answered by Left with the reason"):
        await ann.write(joins=[chat_pb2.Join(room="No Room")])
        await ann.until(lambda: len(ann.left) == 2)
        equal(ann.left[1].reason, chat_pb2.REASON_INVALID)

    with Step("after half-close everything is answered and the stream ends with OK"):
        await ann.send(9, "seven")
        await ann.half_close()
        equal(await ann.to_end(), grpc.StatusCode.OK)
        equal(ann.acks[-1].id, 7)
        equal(ann.messages[-1].text, "seven")

    return log_id


async def reconnect(stub, log_id):
    async def join(**position):
        bob = Stream(stub, "bob", room=room, **position)
        await bob.until(lambda: bob.caught_up)
        bob.cancel()
        return bob

    with Step("a client that reconnects gets exactly what it missed"):
        bob = await join(last_seen_id=3, log_id=log_id)
        equal(bob.joined[0].resume, chat_pb2.RESUME_COMPLETE)
        equal(texts(bob.messages), ["four", "five", "six", "seven"])

    with Step("a replay limit shortens the replay, and Joined says GAP"):
        bob = await join(last_seen_id=0, log_id=log_id, replay_limit=2)
        equal(bob.joined[0].resume, chat_pb2.RESUME_GAP)
        equal(bob.joined[0].after_id, 5)
        equal(texts(bob.messages), ["six", "seven"])

    with Step("a position ahead of the log is answered by RESET"):
        bob = await join(last_seen_id=1000, log_id=log_id)
        equal(bob.joined[0].resume, chat_pb2.RESUME_RESET)
        equal(bob.joined[0].after_id, 0)
        equal(len(bob.messages), 7)

    with Step("a position in another log is answered by RESET"):
        bob = await join(last_seen_id=3, log_id="another-log")
        equal(bob.joined[0].resume, chat_pb2.RESUME_RESET)
        equal(len(bob.messages), 7)

    with Step("malformed metadata ends the call with INVALID_ARGUMENT and names the key"):
        error = await failure_of(Stream(stub, room=room, last_seen_id=-1).to_end())
        details = error_details(error)
        equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
        equal((details["ErrorInfo"].domain, details["ErrorInfo"].reason), ("chat", "INVALID_METADATA"))
        equal(details["BadRequest"].field_violations[0].field, "last-seen-id")


async def call(stub, log_id):
    options = {"metadata": metadata(user), "timeout": TIMEOUT}

    def send_message(number, text):
        send = chat_pb2.Send(room=room, client_offset=f"{run}-{number}", text=text)
        return stub.SendMessage(chat_pb2.SendMessageRequest(send=send), **options)

    def list_messages(**request):
        return stub.ListMessages(chat_pb2.ListMessagesRequest(room=room, **request), **options)

    with Step("SendMessage and the stream share their client offsets"):
        fresh = await send_message(10, "eight")
        equal(fresh.ack, chat_pb2.Ack(room=room, client_offset=f"{run}-10", id=8))
        again = await send_message(1, "one")
        equal(again.ack, chat_pb2.Ack(room=room, client_offset=f"{run}-1", id=1, duplicate=True))

    with Step("a refused SendMessage is a status with the reason"):
        error = await failure_of(send_message(1, "another one"))
        equal(error.code(), grpc.StatusCode.ALREADY_EXISTS)
        equal(error_details(error)["ErrorInfo"].reason, "OFFSET_REUSED")

    with Step("ListMessages pages forwards and backwards"):
        newest = await list_messages(page_size=3)
        equal(ids(newest.messages), [6, 7, 8])
        equal((newest.log_id, newest.oldest_id, newest.head_id), (log_id, 1, 8))
        equal(ids((await list_messages(before_id=6, page_size=3)).messages), [3, 4, 5])
        equal(ids((await list_messages(after_id=0, page_size=3)).messages), [1, 2, 3])
        error = await failure_of(list_messages(log_id="another-log"))
        equal(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
        equal(error_details(error)["ErrorInfo"].reason, "LOG_CHANGED")

    with Step("ListRooms returns both rooms and their newest ids"):
        heads, page_token = {}, None
        while page_token != "":
            page = await stub.ListRooms(chat_pb2.ListRoomsRequest(page_size=1000, page_token=page_token), **options)
            heads.update((found.name, found.head_id) for found in page.rooms)
            page_token = page.next_page_token
        equal((heads[room], heads[other_room]), (8, 2))


async def use_client(address, log_id):
    with Step("a sender in UTF-8 and a reader talk through the client of this example"):
        zoe = ChatClient(address, "Zoë")
        zoe.join(room, after_id=8, log_id=log_id)
        wrote = [f"message {n}" for n in range(500)]
        answers = [zoe.send(room, text) for text in wrote]
        refused = zoe.send(room, "")
        zoe.close()
        read = [event async for event in zoe.events() if isinstance(event, chat_pb2.Message)]
        acks = await asyncio.gather(*answers)
        equal(ids(acks), list(range(9, 509)))
        equal(ids(read), ids(acks))
        equal(texts(read), wrote)
        equal(read[0].sender, "Zoë")
        assert isinstance(refused.exception(), Refused)
        equal(refused.exception().reason, chat_pb2.REASON_INVALID)


async def check_health(channel):
    with Step("health is SERVING for the server and for chat.v1.ChatService"):
        stub = health_pb2_grpc.HealthStub(channel)
        for service in "", "chat.v1.ChatService":
            response = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
            equal(response.status, health_pb2.HealthCheckResponse.SERVING)


async def main(address):
    async with open_channel(address) as channel:
        stub = chat_pb2_grpc.ChatServiceStub(channel)
        log_id = await send_and_read(stub)
        await reconnect(stub, log_id)
        await call(stub, log_id)
        await use_client(address, log_id)
        await check_health(channel)


parser = argparse.ArgumentParser(description="The whole conversation with a running service.")
parser.add_argument("--address", default="127.0.0.1:5000")
asyncio.run(main(parser.parse_args().address))
