"""Names of objects. Whole blobs and segments never share a folder: some stores keep objects as files."""

from lienthong.chassis.engines.objects.rows import Segment

CONTENT = "content"
SEGMENTS = "segments"
OWNER = "owner"
"""The object that says whose the store is."""
_MANIFEST = ".row"


def whole_of(key: str) -> str:
    """Names the object that is a whole blob."""
    return f"{CONTENT}/{key}"


def manifest_of(key: str) -> str:
    """Names the manifest of a blob in segments."""
    return f"{CONTENT}/{key}{_MANIFEST}"


def segments_of(key: str) -> str:
    """Gives what the names of a blob's segments begin with."""
    return f"{SEGMENTS}/{key}"


def segment_of(key: str, segment: Segment) -> str:
    """Names a segment."""
    return f"{SEGMENTS}/{key}/{segment.name}"


def key_of(name: str) -> str:
    """Gives the key of the blob to which an object belongs."""
    return name.split("/")[1].removesuffix(_MANIFEST)


def is_manifest(name: str) -> bool:
    """Tells whether an object below `content` is a manifest."""
    return name.endswith(_MANIFEST)
