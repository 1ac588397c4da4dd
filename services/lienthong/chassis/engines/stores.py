"""Opens a blob store by its address, in whichever process."""

from collections.abc import Mapping

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.ids import IdSource


def open_blobs(address: Mapping[str, object], ids: IdSource) -> BlobStore:
    """Opens the store that `BlobStore.address` named.

    Args:
        address: The address.
        ids: Gives the keys of new blobs.

    Raises:
        ConfigError: The store cannot be opened with these settings.
        ValueError: The address names no engine.
    """
    # Only what the engine needs is imported: children start with it.
    match address:
        case {"engine": "directory", "root": str(root)}:
            from pathlib import Path

            from lienthong.chassis.engines.directory_blobs import DirectoryBlobs

            return DirectoryBlobs(Path(root), ids)
        case {"engine": "objects", **section}:
            from lienthong.chassis.engines.objects.settings import ObjectsSection
            from lienthong.chassis.engines.objects.store import ObjectBlobs

            return ObjectBlobs(ObjectsSection.model_validate(section), ids)
    raise ValueError(f"no engine of the blob store is called {address.get('engine')!r}")
