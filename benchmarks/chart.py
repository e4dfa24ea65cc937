"""Draw a bar chart as SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _BAR, _GAP, _LABEL, _MARGIN = 760, 22, 10, 270, 70
_HEAD = 44
_STYLE = "text{font:13px sans-serif;fill:#333}.title{font-weight:bold}.own{fill:#0b7a75}.peer{fill:#a9b4c2}"
# Dark text would be invisible on a reader's dark page.
_GROUND = '<rect width="100%" height="100%" fill="#fff"/>'


def bar_chart(title: str, bars: Sequence[tuple[str, float]], own: str) -> str:
    """Draw bars, one below the other.

    Args:
        title: Says what their length means.
        bars: Names and lengths.
        own: The name of the bar to bring out.

    Returns:
        The SVG document.
    """
    height = _HEAD + len(bars) * (_BAR + _GAP)
    scale = (_WIDTH - _LABEL - _MARGIN) / max(length for _, length in bars)
    drawn = [_bar(_HEAD + at * (_BAR + _GAP), name, length, scale, own) for at, (name, length) in enumerate(bars)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>{_GROUND}",
            f'<text class="title" x="10" y="24">{escape(title)}</text>',
            *drawn,
            "</svg>\n",
        )
    )


def _bar(top: int, name: str, length: float, scale: float, own: str) -> str:
    middle = top + _BAR * 0.7
    kind = "own" if name == own else "peer"
    return (
        f'<text x="{_LABEL - 8}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{kind}" x="{_LABEL}" y="{top}" width="{max(length * scale, 1):.0f}" height="{_BAR}"/>'
        f'<text x="{_LABEL + length * scale + 6:.0f}" y="{middle:.0f}">{length:.1f}</text>'
    )
