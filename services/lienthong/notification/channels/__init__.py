"""The ways out: webhook and mail. Each makes one attempt and tells what became of it."""

from lienthong.notification.channels.bounds import BoundedResolver, Resolver, system_resolver
from lienthong.notification.channels.email import EmailSettings, Mail, Security, check_address
from lienthong.notification.channels.email import send as send_mail
from lienthong.notification.channels.result import Refused, Result, Retry, Sent
from lienthong.notification.channels.signatures import (
    SECRETS_AT_ONCE,
    check_secret,
    make_secret,
    payload,
    signed_headers,
)
from lienthong.notification.channels.targets import TargetRefusedError, forbidden, parse_target
from lienthong.notification.channels.webhook import WebhookCall, WebhookChannel, tls_context

__all__ = [
    "SECRETS_AT_ONCE",
    "BoundedResolver",
    "EmailSettings",
    "Mail",
    "Refused",
    "Resolver",
    "Result",
    "Retry",
    "Security",
    "Sent",
    "TargetRefusedError",
    "WebhookCall",
    "WebhookChannel",
    "check_address",
    "check_secret",
    "forbidden",
    "make_secret",
    "parse_target",
    "payload",
    "send_mail",
    "signed_headers",
    "system_resolver",
    "tls_context",
]
