"""Settings of the object store."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from lienthong.chassis.config import Section, is_loopback


class ObjectsSection(Section):
    """The object store in which contents stand."""

    url: str = Field(
        "",
        description="Bucket and prefix, such as `s3://bucket/prefix` (also `gs://`, `az://`, with the credentials of "
        "their own environment); empty keeps contents in the data folder.",
    )
    endpoint: str = Field("", description="Address of an S3 server, such as `https://s3.example:9000`; empty for AWS.")
    region: str = Field("us-east-1", description="Region that S3 requests are signed for.")
    access_key_id_file: Path | None = Field(None, description="File whose first line is the S3 access key id.")
    secret_access_key_file: Path | None = Field(None, description="File whose first line is the S3 secret, mode 0600.")
    path_style: bool = Field(default=True, description="Whether the bucket stands in the path, not in the host name.")
    ca_file: Path | None = Field(None, description="PEM certificates that are trusted besides those of the system.")
    connect_seconds: float = Field(3.0, gt=0, le=60, description="Longest wait for a connection, in seconds.")
    request_seconds: float = Field(15.0, gt=0, le=600, description="Longest single request, its bytes included.")
    retries: int = Field(3, ge=0, le=10, description="How often a request is repeated that failed on the way.")
    retry_seconds: float = Field(10.0, gt=0, le=120, description="Time after which none is repeated any more.")
    scratch: Path | None = Field(
        None, description="Folder for local copies that tools read; absent for the system's temporary folder."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.access_key_id_file is None) != (self.secret_access_key_file is None):
            raise ValueError("access_key_id_file and secret_access_key_file: give both or none")
        if self.url and not urlsplit(self.url).netloc:
            raise ValueError(f"url: a scheme and a bucket are needed, such as s3://bucket/prefix, not {self.url!r}")
        address = urlsplit(self.endpoint)
        if address.scheme == "http" and not is_loopback(address.hostname or ""):
            raise ValueError(f"endpoint: without TLS only loopback may be asked, and it is {self.endpoint}")
        return self
