"""The gRPC face of notification: messages in, messages out."""

from lienthong.notification.api.notification import NotificationApi

__all__ = ["NotificationApi"]
