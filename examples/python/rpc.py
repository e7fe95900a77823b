"""Imports the generated contract, builds call metadata and reads the details of errors."""

import sys
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).with_name("generated")))

from chat.v1 import chat_pb2, chat_pb2_grpc  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402

__all__ = ["chat_pb2", "chat_pb2_grpc", "error_details", "health_pb2", "health_pb2_grpc", "metadata", "open_channel"]


def open_channel(address):
    # Subchannels are not shared, so a new channel connects at once: gRPC's own back-off would add to the client's.
    return grpc.aio.insecure_channel(address.removeprefix("http://"), [("grpc.use_local_subchannel_pool", 1)])


def metadata(user, **values):
    """Call metadata; last_seen_id=3 becomes ("last-seen-id", "3")."""
    is_ascii = user.isascii() and user.isprintable()
    result = [("user", user) if is_ascii else ("user-bin", user.encode())]
    return result + [(key.replace("_", "-"), str(value)) for key, value in values.items()]


def error_details(error):
    """The details of a final status, by type name: ErrorInfo, BadRequest, RetryInfo."""
    details = {}
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for packed in status_pb2.Status.FromString(value).details:
                name = packed.TypeName().rpartition(".")[2]
                if known := getattr(error_details_pb2, name, None):
                    details[name] = known()
                    packed.Unpack(details[name])
    return details
