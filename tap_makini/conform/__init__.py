"""Turn records into JSON that is valid against their SCHEMA message, and lose nothing.

Schema and selection are compiled to a msgspec Struct that rejects every other type, form or name. A record that it
accepts is valid already and never becomes a dict: the received bytes go out, with the added columns spliced on. This is
correct because these very bytes were checked. Digits and escapes stay. Of a repeated name every value was checked, and
readers agree on the last one. NUL, the one escape that msgspec accepts and databases refuse, is searched for. What the
selection keeps is copied by a second Struct as it is. The replication key is read by the caller, from the bytes that
were received.

Any other record is split into members, and each is repaired by its column (`columns`, `values`). What no column can
hold goes to `_makini_extra`, under its JSON pointer and with its digits.

`_makini_extra` is the JSON text of a flat object, such as `{"/custom": 1, "/lineItems/0/price": "N/A"}`, or null. A
record that was conformed before does not change. A key that is null or absent becomes a digest of the record, so that
no target takes two rows for one.
"""

from tap_makini.conform.compile import Breadcrumb, compile_conformer
from tap_makini.conform.conformer import Conformer, Drift, NotARecord, decode_record, mask_extra, record_key

__all__ = [
    "Breadcrumb",
    "Conformer",
    "Drift",
    "NotARecord",
    "compile_conformer",
    "decode_record",
    "mask_extra",
    "record_key",
]
