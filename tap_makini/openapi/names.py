"""Names of streams, from the paths of lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import dropwhile
from urllib.parse import unquote

from tap_makini.entities import ALL
from tap_makini.identifiers import short_enough

_VERSION = re.compile(r"v(\d{1,6}(?:\.\d{1,6})*)", re.ASCII)
_NOT_OF_NAMES = re.compile(r"[\W_]+")  # several in a row make one "_": "__" is between a parent and its child
_OWN_NAME = re.compile(r"connections|reconciliations|reconciled_keys|raw_.*", re.IGNORECASE)


@dataclass(frozen=True)
class ListName:
    """What the path of a list says.

    Attributes:
        stream: The name of its stream.
        whole: A name of the whole path, for lists that would have the same name.
        product: The product that it is of, None where the path names none.
        version: The API's version, an empty one where the path names none.
    """

    stream: str
    whole: str
    product: str | None
    version: tuple[int, ...]

    @property
    def v3_stream(self) -> str:
        """The stream's name if the path is one of the v3 API (`/api/eam/…`), whatever its stream is called; else empty.

        All that the tap knows of v3 goes by this, so that a list is read alike under any name.
        """
        is_v3 = self.product is not None and self.version[:1] in {(), (3,)}
        return self.stream if is_v3 else ""


def list_name(path: str, template: str) -> ListName:
    """Read `/api/v4/eam/work-orders`: `work_orders`, product `eam`, version 4.

    Args:
        path: The whole path.
        template: The end of it that a document gives; what is before is the server's, which may tell the rest.
    """
    leading, own = split(template)
    whole = stream_name(_segments(path))
    product: str | None = None
    version: tuple[int, ...] = ()
    for segment in (*_segments(path.removesuffix(template)), *leading):
        product = segment if segment in ALL else product
        version = _version(segment) or version
    return ListName(stream_name(own) if own else whole, whole, product, version)


def split(template: str) -> tuple[list[str], list[str]]:
    """Part the segments that say of which API, product and version a path is from those of its own."""
    segments = _segments(template)
    own = list(dropwhile(lambda segment: segment in {"api", *ALL} or _VERSION.fullmatch(segment), segments))
    return segments[: len(segments) - len(own)], own


def without_dashes(name: str) -> str:
    """Give what the spellings of a name share: `page-number`, `pageNumber` and `page_number` are `pagenumber`."""
    return name.replace("_", "").replace("-", "").lower()


def _segments(path: str) -> list[str]:
    return unquote(path).strip("/").split("/")


def stream_name(segments: list[str]) -> str:
    """Join the segments of a path to a name that the tap does not use for streams of its own."""
    name = _NOT_OF_NAMES.sub("_", "_".join(segments)).strip("_") or "list"
    return short_enough(f"{name}_list" if _OWN_NAME.fullmatch(name) else name)


def _version(segment: str) -> tuple[int, ...]:
    match = _VERSION.fullmatch(segment)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
