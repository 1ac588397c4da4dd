"""Signs webhook calls by Standard Webhooks: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from standardwebhooks.webhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of every secret, not a secret
SECRET_SIZES = range(24, 65)
"""Bytes of a secret that the scheme allows."""
SECRETS_AT_ONCE = 4
"""Secrets that sign one call, at most."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def make_secret(random_bytes: bytes) -> str:
    """Write a secret as `whsec_` and base64.

    Raises:
        ValueError: fewer than 24 or more than 64 bytes of randomness were given.
    """
    if len(random_bytes) not in SECRET_SIZES:
        raise ValueError(f"a webhook secret has 24 to 64 bytes, not {len(random_bytes)}")
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def check_secret(secret: str) -> None:
    """Check that a secret is one that `make_secret` could have written.

    Raises:
        ValueError: it is not; the text does not repeat it.
    """
    try:
        raw = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error
    if not secret.startswith(SECRET_PREFIX) or len(raw) not in SECRET_SIZES:
        raise ValueError("a webhook secret is whsec_ and base64 of 24 to 64 bytes")


def payload(kind: str, time: datetime, data: Mapping[str, Any]) -> bytes:
    """Return the body of a call: `type`, `timestamp`, `data` as compact JSON in UTF-8; same input, same bytes."""
    body = {"type": kind, "timestamp": time.astimezone(UTC).isoformat(), "data": dict(data)}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def signed_headers(webhook_id: str, now: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Return the three headers of the scheme.

    While secrets are being replaced all of them sign, newest first: the receiver accepts whichever it knows.

    Args:
        webhook_id: Identifier of the notice; the same at each attempt, so that the receiver can tell a repeat.
        now: The moment of the attempt; receivers refuse old ones.
        body: The exact bytes of the body, UTF-8.
        secrets: One to four secrets.

    Raises:
        ValueError: an identifier that could break a header, no secret, more than four, or a malformed one.
    """
    if not _ID.fullmatch(webhook_id):
        raise ValueError("a webhook id has 1 to 128 letters, digits, hyphens and underscores")
    if not 1 <= len(secrets) <= SECRETS_AT_ONCE:
        raise ValueError(f"one secret signs, or up to {SECRETS_AT_ONCE} while they rotate, not {len(secrets)}")
    for secret in secrets:
        check_secret(secret)
    moment, text = now.astimezone(UTC), body.decode()
    signatures = [Webhook(secret).sign(msg_id=webhook_id, timestamp=moment, data=text) for secret in secrets]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
