"""TLS on every port, mutual between systems; certificates are reread when their files change."""

from pathlib import Path

import grpc

from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.keyring import Keyring


class ServerCertificates:
    """Credentials of a server that follow the files they came from."""

    def __init__(self, keys: Keyring) -> None:
        """Takes the key `server`, and the authority of the axis, against which clients are verified."""
        self._keys = keys
        self._files: tuple[Path, ...] = (keys.server.key, keys.server.chain, keys.root.chain)
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
        configuration = self._configuration()
        # What could not be read is read again with the next connection; until then the one before is shown.
        self._seen = stamps
        return configuration

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        key, chain, authority = self._files
        # An encrypted key is opened in memory: gRPC takes plain ones only.
        pair = (self._keys.pem(key), chain.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=authority.read_bytes())

    def _stamps(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in self._files)
