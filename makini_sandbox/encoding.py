"""How rows are written: compactly, and amounts with all their digits."""

from __future__ import annotations

import msgspec

encode = msgspec.json.Encoder(decimal_format="number").encode
