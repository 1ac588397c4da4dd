"""The gRPC face of intake: messages in, messages out."""

from lienthong.intake.api.documents import IntakeApi

__all__ = ["IntakeApi"]
