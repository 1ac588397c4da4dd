"""The gRPC face of signing: messages in, messages out."""

from lienthong.signing.api.signing import SigningApi

__all__ = ["SigningApi"]
