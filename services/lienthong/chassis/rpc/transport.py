"""What passes below calls: how large messages are, how much comes ahead, and who is given up for gone."""

from collections.abc import Sequence

MESSAGE_BYTES_AT_MOST = 5 * 1024 * 1024
"""A call carries 1 MiB inline and an answer 3 MiB, with room for the rest."""
AHEAD_BYTES = 1024 * 1024
"""How far the sender of a stream may be ahead of what is taken in; 20 MiB a second where an answer takes 50 ms."""
PING_AFTER_MS = 60_000
"""Whoever vanished without a word (a cable, a crash) would hold its watches and transfers for hours."""
ANSWER_WITHIN_MS = 60_000
"""Behind an upload on a thin line the answer to a ping takes long."""


def options(streams: int) -> Sequence[tuple[str, int]]:
    """Gives the settings of a server for gRPC; a client may have so many `streams` open on a connection."""
    return (
        ("grpc.max_receive_message_length", MESSAGE_BYTES_AT_MOST),
        ("grpc.max_send_message_length", MESSAGE_BYTES_AT_MOST),
        ("grpc.so_reuseport", 0),
        # Left to itself it lets a fast sender be ahead by as much as the line carries: tens of MiB of each upload.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", AHEAD_BYTES),
        # A client that has more begun waits by itself: what it sends is not even taken in, and nothing is reset.
        ("grpc.max_concurrent_streams", streams),
        ("grpc.http.overload_protection", 0),
        ("grpc.keepalive_permit_without_calls", 1),
        # Go lets clients ping each 10 s, and on the way some pings come closer together.
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.keepalive_time_ms", PING_AFTER_MS),
        ("grpc.http2.ping_timeout_ms", ANSWER_WITHIN_MS),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.server_handshake_timeout_ms", 20_000),
    )
