"""A chat in a terminal: python3 talk.py --user ann [--room lobby] [--address 127.0.0.1:5000]"""

import argparse
import asyncio
import sys
import threading

import grpc

from chat_client import ChatClient, Disconnected, Refused
from rpc import chat_pb2

parser = argparse.ArgumentParser(description="A chat in a terminal.")
parser.add_argument("--address", default="127.0.0.1:5000")
parser.add_argument("--user", default="anonymous")
parser.add_argument("--room", default="lobby")


def printable(text):
    """Escapes control characters, so that a message cannot control the terminal."""
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


def say(text):
    print(text, file=sys.stderr)


async def show(client):
    async for event in client.events():
        match event:
            case chat_pb2.Message():
                text = "(erased)" if event.erased else printable(event.text)
                print(f"{printable(event.sender)}: {text}", flush=True)
            case chat_pb2.Joined(resume=chat_pb2.RESUME_RESET):
                say("· the service has a new log; these are all its messages")
            case chat_pb2.Joined(resume=chat_pb2.RESUME_GAP):
                say("· some older messages are not shown")
            case chat_pb2.CaughtUp():
                say("── up to date ──")
            case chat_pb2.Left():
                raise SystemExit(event.detail)
            case Disconnected():
                say(f"· {event.reason}; reconnecting…")


async def send(client, room):
    """Sends each line of the input. Returns the errors of those that were not sent."""
    refused = []
    lines = asyncio.Queue(maxsize=100)
    threading.Thread(target=read_lines, args=(lines, asyncio.get_running_loop()), daemon=True).start()

    def report(answer):
        if error := answer.exception():
            refused.append(error)
            say(f"· not sent: {error}")

    while line := await lines.get():
        text = line.decode(errors="replace").rstrip("\r\n")
        if text:
            answer = client.send(room, text)
            answer.add_done_callback(report)
            if client.unanswered > 100:
                await asyncio.wait([answer])
    client.close()
    return refused


def read_lines(lines, loop):
    # Unbuffered, so that the interpreter can end while a read is waiting.
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        while line := stdin.readline():
            asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
    asyncio.run_coroutine_threadsafe(lines.put(b""), loop).result()


async def main():
    args = parser.parse_args()
    client = ChatClient(args.address, args.user)
    client.join(args.room, replay_limit=50)
    sending = asyncio.create_task(send(client, args.room))
    try:
        await show(client)
    except grpc.aio.AioRpcError as error:
        raise SystemExit(f"{error.code().name}: {error.details()}")
    return 1 if await sending else 0


try:
    sys.exit(asyncio.run(main()))
except KeyboardInterrupt:
    sys.exit(130)
