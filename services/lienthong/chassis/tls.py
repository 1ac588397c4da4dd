"""TLS on every port, mutual between systems; certificates are reread when their files change."""

from pathlib import Path

import grpc

from lienthong.chassis.errors import AxisError, Code


class ServerCertificates:
    """Credentials of a server that follow the files they came from."""

    def __init__(self, key: Path, chain: Path, authority: Path) -> None:
        """Names the files, all in PEM.

        Args:
            key: Private key of the server.
            chain: Certificate of the server and its issuers.
            authority: Roots against which clients are verified.
        """
        self._files = (key, chain, authority)
        self._seen: tuple[int, ...] = ()

    def credentials(self) -> grpc.ServerCredentials:
        """Makes credentials that ask every client for a certificate.

        Raises:
            AxisError: A file is missing.
        """
        for file in self._files:
            if not file.is_file():
                raise AxisError(Code.FAILED_PRECONDITION, "TLS_FILE_MISSING", f"{file} is missing; TLS needs it")
        self._seen = self._stamps()
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self._fetch,  # type: ignore[arg-type] # None means "unchanged", says gRPC; the stub forgot
            require_client_authentication=True,
        )

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        stamps = self._stamps()
        if stamps == self._seen:
            return None
        self._seen = stamps
        return self._configuration()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        key, chain, authority = (file.read_bytes() for file in self._files)
        return grpc.ssl_server_certificate_configuration([(key, chain)], root_certificates=authority)

    def _stamps(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in self._files)
