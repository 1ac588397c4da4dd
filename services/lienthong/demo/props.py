"""What a platform must be told so that the story can be played on it: whose signatures to trust, where mail goes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.testing.authority import DemoAuthority
from lienthong.testing.sinks import LOOPBACK


@dataclass(frozen=True, slots=True)
class Props:
    """The props.

    Attributes:
        trust_dir: Folder of the authorities that the platform trusts.
        mail_port: Where its mail goes.
        hook_ports: The private addresses that webhooks may reach.
        host: Where these ports are, as the platform reaches them.
    """

    trust_dir: Path
    mail_port: int
    hook_ports: tuple[int, ...]
    host: str = LOOPBACK

    def config(self) -> dict[str, dict[str, Any]]:
        """Gives the sections of the configuration that the platform needs."""
        return {
            "signing": {"trust_dir": str(self.trust_dir), "trust_seconds": 0.5},
            "notification": {
                "smtp_host": self.host,
                "smtp_port": self.mail_port,
                # The sink is a toy; a real mail server gets STARTTLS.
                "smtp_security": "none",
                "smtp_sender": "truc@lienthong.example.vn",
                "webhook_allow": [f"{self.host}:{port}" for port in self.hook_ports],
                "retry_delays_seconds": [0.3, 0.6, 1.2],
            },
        }

    def trust(self, authority: DemoAuthority) -> None:
        """Puts an authority, its intermediate and its revocation lists into the folder."""
        for name in ("anchors", "intermediates", "crls"):
            (self.trust_dir / name).mkdir(parents=True, exist_ok=True)
        root, intermediate = authority.root.certificate, authority.intermediate.certificate
        (self.trust_dir / "anchors" / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
        (self.trust_dir / "intermediates" / "ca.pem").write_bytes(intermediate.public_bytes(Encoding.PEM))
        for number, crl in enumerate(authority.revocation_lists(authority.now)):
            (self.trust_dir / "crls" / f"{number}.crl").write_bytes(crl)

    def write(self, file: Path) -> None:
        """Writes them down for `read`."""
        values = {**asdict(self), "trust_dir": str(self.trust_dir), "hook_ports": list(self.hook_ports)}
        file.write_text(yaml.safe_dump(values), "utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """Reads what `write` wrote.

        Raises:
            OSError: The file cannot be read.
        """
        values = yaml.safe_load(file.read_text("utf-8"))
        ports: Sequence[int] = values["hook_ports"]
        return cls(Path(values["trust_dir"]), int(values["mail_port"]), tuple(ports), values.get("host", LOOPBACK))
