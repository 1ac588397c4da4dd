"""Notification, put together."""

import ssl
from datetime import timedelta

from lienthong.chassis.config import ConfigError
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.service import Component, ServiceContext
from lienthong.notification.api import NotificationApi
from lienthong.notification.channels import BoundedResolver, EmailSettings, Security, WebhookChannel, tls_context
from lienthong.notification.config import NotificationSection
from lienthong.notification.consumers import subscription
from lienthong.notification.domain.notices import Channel
from lienthong.notification.handlers.desk import Desk
from lienthong.notification.handlers.sweep import sweep
from lienthong.notification.sending.book import Book, rules_of
from lienthong.notification.sending.couriers import Courier, mail_courier, webhook_courier
from lienthong.notification.sending.sender import Sender
from lienthong.notification.sending.waits import waits_of
from lienthong.notification.storage.notices import old_notices
from lienthong.notification.storage.queue import waiting_by_channel
from lienthong.notification.v1 import notification_pb2


def build(context: ServiceContext, section: NotificationSection) -> Component:
    """Makes the component.

    Raises:
        ConfigError: A file of the configuration cannot be read, or the mail sender is no address.
    """
    try:
        webhook, mail = _webhook(section), _mail(section)
    except (OSError, ValueError, ssl.SSLError) as error:
        raise ConfigError([f"notification: {error}"]) from error
    desk = Desk(section, context.directory, context.base.hub, webhook, mail)
    clock = context.base.clock
    senders = [
        _sender(context, section, desk, Channel.WEBHOOK, webhook_courier(webhook, clock)),
        _sender(context, section, desk, Channel.EMAIL, mail_courier(mail, clock)),
    ]
    _count(context)
    return Component(
        context,
        apis=[
            (notification_pb2.DESCRIPTOR.services_by_name["Notification"], NotificationApi(desk, context.units)),
        ],
        subscription=subscription(desk),
        workers=[
            *senders,
            Periodic("notification-sweep", lambda: sweep(context.units), section.sweep_seconds),
        ],
        expiries=[old_notices(timedelta(days=section.keep_days))],
        waits=waits_of(rules_of(section)),
    )


def _sender(
    context: ServiceContext, section: NotificationSection, desk: Desk, channel: Channel, courier: Courier
) -> Sender:
    sender = Sender(
        Book(channel, rules_of(section), context.directory, context.base.metrics.attempted),
        courier,
        context.units,
        crew=section.workers_per_channel,
        poll_seconds=section.poll_seconds,
    )
    desk.bells[channel] = sender.wake
    return sender


def _webhook(section: NotificationSection) -> WebhookChannel:
    return WebhookChannel(
        tls=tls_context(section.webhook_ca_file),
        allow=frozenset(section.webhook_allow),
        timeout=section.webhook_timeout_seconds,
        deadline=section.webhook_deadline_seconds,
        resolver=BoundedResolver(section.resolve_seconds),
    )


def _mail(section: NotificationSection) -> EmailSettings | None:
    if not section.smtp_host:
        return None
    password = section.smtp_password_file.read_text("utf-8").strip() if section.smtp_password_file else ""
    return EmailSettings(
        host=section.smtp_host,
        sender=section.smtp_sender,
        port=section.smtp_port,
        security=Security(section.smtp_security),
        username=section.smtp_username,
        password=password,
        timeout=section.smtp_timeout_seconds,
        deadline=section.smtp_deadline_seconds,
        resolver=BoundedResolver(section.resolve_seconds),
        tls=tls_context(section.smtp_ca_file),
    )


def _count(context: ServiceContext) -> None:
    def read() -> list[tuple[tuple[str, ...], float]]:
        with context.database.read() as connection:
            counts = waiting_by_channel(connection)
        return [((channel,), float(counts.get(channel, 0))) for channel in (Channel.EMAIL, Channel.WEBHOOK)]

    metrics = context.base.metrics
    metrics.gauge("lienthong_notices_waiting", "Notices that wait to be sent.", ["channel"], read, metrics.of_database)
