"""The bill of materials of an image, in CycloneDX: what was pinned, with versions, hashes and licences."""

from datetime import UTC, datetime
from email import message_from_string
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from tools.image.debian import Package

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The bill is of the content and not of the day."""

_LONGEST_LICENCE: Final = 100
"""A longer one is the text itself."""


def bill(name: str, version: str, system: list[Package], site: Path) -> str:
    """Writes the bill of an image.

    Args:
        name: Of the program.
        version: Of the program.
        system: Its Debian packages.
        site: Folder of its libraries.
    """
    bom = Bom()
    bom.metadata.timestamp = _EPOCH
    bom.metadata.component = Component(name=name, version=version, type=ComponentType.CONTAINER, bom_ref=name)
    components = [_debian(package) for package in system] + [_wheel(file) for file in site.glob("*.dist-info/METADATA")]
    for component in sorted(components, key=lambda one: str(one.purl)):
        bom.components.add(component)
    bom.register_dependency(bom.metadata.component, bom.components)
    references = " ".join(sorted(str(one.purl) for one in components))
    bom.serial_number = uuid5(NAMESPACE_URL, references)
    return JsonV1Dot6(bom).output_as_string(indent=1)


def _debian(package: Package) -> Component:
    purl = PackageURL("deb", "debian", package.name, package.version, {"arch": "amd64", "distro": "bookworm"})
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)],
    )


def _wheel(metadata: Path) -> Component:
    fields = message_from_string(metadata.read_text("utf-8"))
    name, version = fields["Name"], fields["Version"]
    licence = fields.get("License-Expression") or fields.get("License") or ""
    purl = PackageURL("pypi", None, name.lower().replace("_", "-"), version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
        licenses=[LicenseFactory().make_from_string(licence)] if 0 < len(licence) <= _LONGEST_LICENCE else [],
    )
