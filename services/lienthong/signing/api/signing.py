"""Implementation of `lienthong.signing.v1.Signing`."""

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.idempotency import once
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import UnitsOfWork
from lienthong.signing.config import SigningSection
from lienthong.signing.handlers.certify import AxisAuthority, issue_certificate
from lienthong.signing.handlers.verification import verification_of
from lienthong.signing.v1 import signing_pb2 as pb


class SigningApi:
    """Turns messages into commands and results into messages."""

    def __init__(
        self, units: UnitsOfWork, directory: DirectoryCache, authority: AxisAuthority, section: SigningSection
    ) -> None:
        self._units = units
        self._directory = directory
        self._authority = authority
        self._section = section

    def get_verification(self, request: pb.GetVerificationRequest, call: Call) -> pb.Verification:
        """Gives the report on the signatures of a document."""
        return verification_of(self._units, request.document, call.caller.reach, self._directory.get())

    def issue_certificate(self, request: pb.IssueCertificateRequest, call: Call) -> pb.Certificate:
        """Certifies a system's key."""
        days = self._section.certificate_days
        return once(
            self._units,
            call,
            request,
            pb.Certificate,
            lambda work: issue_certificate(work, call, request, self._authority, days),
        )

    def get_authority(self, _request: pb.GetAuthorityRequest, _call: Call) -> pb.Authority:
        """Gives the root of the axis."""
        return pb.Authority(root=self._authority.root())
