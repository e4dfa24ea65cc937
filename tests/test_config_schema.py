"""One field of a dataclass is all there is to declare of a setting."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read from the annotations
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from tap_makini.config_schema import Form, form_faults, json_schema, secret_names, secrets, setting, typed_values

LOWER = Form(str.islower, "lower case")


@dataclass(frozen=True)
class Door:
    name: str = setting("Name", "What it is called.", form=LOWER)
    code: str = setting("Code", "What opens it.", secret=True)


@dataclass(frozen=True)
class House:
    doors: tuple[Mapping[str, str], ...] = setting("Doors", "All of them.", items=Door)
    colors: tuple[str, ...] = setting("Colors", "One or several.", allowed=("red", "blue"), takes_text=True)
    floors: int = setting("Floors", "How many.", default=2, minimum=1, maximum=9)
    alarm: str | None = setting("Alarm", "Ends it.", secret=True)
    owner: str | None = setting("Owner", "Who it belongs to.", secret=True, masked=False, form=LOWER)
    built: datetime | None = setting("Built", "When.")  # noqa: RUF009 - it makes a field
    sold: bool = setting("Sold", "Whether it is.", default=False)


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        (
            "doors",
            {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": ["string"], "title": "Name", "description": "What it is called."},
                        "code": {
                            "type": ["string"],
                            "title": "Code",
                            "description": "What opens it.",
                            "secret": True,
                            "writeOnly": True,
                        },
                    },
                    "required": ["name", "code"],
                    "additionalProperties": False,
                },
            },
        ),
        ("colors", {"type": ["string", "array", "null"], "items": {"type": ["string"], "enum": ["red", "blue"]}}),
        ("floors", {"type": ["integer", "null"], "minimum": 1, "maximum": 9, "default": 2}),
        ("alarm", {"type": ["string", "null"], "secret": True, "writeOnly": True}),
        ("built", {"type": ["string", "null"], "format": "date-time"}),
        ("sold", {"type": ["boolean", "null"], "default": False}),
    ],
)
def test_each_setting_has_the_schema_of_its_annotation(name: str, declared: dict[str, Any]) -> None:
    property_schema = json_schema(House)["properties"][name]
    assert property_schema.pop("title") == name.capitalize()
    assert property_schema.pop("description")
    assert property_schema == declared


def test_values_have_the_types_of_the_annotations() -> None:
    config = {"doors": [{"name": "front", "code": "1"}], "colors": "red", "floors": 3.0, "built": "2025-01-02"}
    assert House(**typed_values(House, config)) == House(
        doors=({"name": "front", "code": "1"},),
        colors=("red",),
        floors=3,
        alarm=None,
        owner=None,
        built=datetime(2025, 1, 2, tzinfo=timezone.utc),
        sold=False,
    )


def test_secrets_are_found_at_any_depth() -> None:
    config = {"doors": [{"name": "front", "code": "1234"}], "alarm": "loud", "owner": "bo"}
    assert list(secrets(House, config)) == ["1234", "loud"]
    assert secret_names(House) == ["alarm"]


def test_a_text_that_does_not_fit_its_form_is_a_fault() -> None:
    config = {"doors": [{"name": "ok"}, {"name": "Front"}], "owner": "Bo"}
    assert list(form_faults(House, config)) == [
        "Setting doors.1.name: must be lower case.",
        "Setting owner: must be lower case.",
    ]
