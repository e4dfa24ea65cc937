"""Read lists from OpenAPI documents, such as the files that Makini's docs export.

`location` fetches a document, `document` decodes it and follows references, `operations` finds the GETs with their
addresses, `choice` picks one for each stream, `responses` and `schemas` read what it returns, `columns` and
`parameters` derive columns and query parameters from that, and `lists` puts all of it together.

Nothing in a document is trusted: whatever it holds, reading it ends, with lists or with a `DocumentError`.
"""

from tap_makini.openapi.lists import read_documents
from tap_makini.openapi.location import DocumentError

__all__ = ["DocumentError", "read_documents"]
