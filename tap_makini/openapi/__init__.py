"""What the API offers, from the OpenAPI files that a user exports from Makini's docs.

The way of the data: `location` fetches, `notation` decodes JSON or YAML, `document` checks and follows references,
`operations` finds the GETs and `answers` what they give, `choice` picks one operation for each stream, `resolve` and
`shape` read schemas, `known` puts right what the tap knows better, `columns` makes columns of them, and `offer` puts
all of it together. Documents are the user's, so nothing in them is trusted: whatever they hold, reading ends, either
with an offer or with a `DocumentError`.
"""

from tap_makini.openapi.errors import DocumentError
from tap_makini.openapi.offer import read_documents

__all__ = ["DocumentError", "read_documents"]
