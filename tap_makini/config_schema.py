"""Declare settings as dataclass fields; derive their JSON schema, checks and secrets from that.

A field's annotation gives its JSON type, `setting()` everything else. Whatever needs to know the settings reads it from
there: `--about`, the validation, the environment, the README and `meltano.yml`.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin, get_type_hints

from tap_makini.sdk_compat import TRUE_WORDS, parse_environment
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import ValidationError

logger = logging.getLogger(__name__)

_Schema = dict[str, Any]

_JSON_TYPES: dict[type, _Schema] = {
    str: {"type": ["string"]},
    int: {"type": ["integer"]},
    bool: {"type": ["boolean"]},
    datetime: {"type": ["string"], "format": "date-time"},
}
_BOOLEAN_WORDS = {*TRUE_WORDS, "false", "0", "no", "off"}


class Form(NamedTuple):
    """A check of a text.

    Attributes:
        matches: Returns a true value for a valid text.
        description: Completes the sentence "Setting …: must be …".
    """

    matches: Callable[[str], object]
    description: str


@dataclass(frozen=True)
class Declaration:
    """What the annotation of a setting does not say.

    Attributes:
        title: What user interfaces call the setting.
        description: What it does, in sentences.
        default: Its value if it is not set; None for none.
        secret: Whether user interfaces hide its value.
        masked: Whether logs mask its value.
        minimum: The smallest valid number.
        maximum: The largest valid number.
        allowed: The valid texts.
        form: A check of its text.
        items: Dataclass that declares the objects in a list.
        takes_text: Whether a list of one text may be given as that text.
    """

    title: str
    description: str
    default: Any = None
    secret: bool = False
    masked: bool = False
    minimum: int | None = None
    maximum: int | None = None
    allowed: tuple[str, ...] | None = None
    form: Form | None = None
    items: type | None = None
    takes_text: bool = False


class _Setting(NamedTuple):
    name: str
    kind: type
    is_list: bool
    declaration: Declaration


def setting(title: str, description: str, **others: Any) -> Any:  # noqa: ANN401 - as that of `dataclasses.field`
    """Declare a setting as the field of a dataclass.

    Args:
        title: What user interfaces call the setting.
        description: What it does, in sentences.
        others: Further attributes of `Declaration`. A secret is masked unless `masked` says otherwise.
    """
    others.setdefault("masked", others.get("secret", False))
    return field(metadata={"setting": Declaration(title, description, **others)})


def _settings(cls: Any) -> Iterator[_Setting]:  # noqa: ANN401 - a dataclass
    hints = get_type_hints(cls)
    for each in fields(cls):
        hint = hints[each.name]
        kind, *_ = get_args(hint) or (hint,)
        yield _Setting(each.name, kind, get_origin(hint) is tuple, each.metadata["setting"])


def json_schema(cls: type, *, is_nested: bool = False) -> _Schema:
    """Return the JSON schema of the settings that a dataclass declares.

    Args:
        cls: The dataclass.
        is_nested: Whether it declares the objects in a list, in which no property may be missing or null.
    """
    properties = {each.name: _property(each, is_nullable=not is_nested) for each in _settings(cls)}
    required = {"required": list(properties)} if is_nested else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _property(each: _Setting, *, is_nullable: bool) -> _Schema:
    declared = each.declaration
    schema = dict(_JSON_TYPES.get(each.kind, {}))
    if declared.items is not None:
        schema = json_schema(declared.items, is_nested=True)
    if declared.allowed is not None:
        schema["enum"] = list(declared.allowed)
    if each.is_list:
        schema = {"type": [*(["string"] if declared.takes_text else []), "array"], "items": schema}
    if is_nullable:
        schema["type"] = [*schema["type"], "null"]
    schema |= {"title": declared.title, "description": declared.description}
    for keyword in ("minimum", "maximum"):
        if (limit := getattr(declared, keyword)) is not None:
            schema[keyword] = limit
    if declared.default is not None:
        schema["default"] = list(declared.default) if each.is_list else declared.default
    if declared.secret:
        schema |= {"secret": True, "writeOnly": True}
    return schema


def typed_values(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a valid configuration, of the types that the dataclass declares."""
    return {each.name: _typed(each, config.get(each.name)) for each in _settings(cls)}


def _typed(each: _Setting, value: Any) -> Any:  # noqa: ANN401 - of any setting
    if value is None:
        value = each.declaration.default
    if each.is_list:
        return (value,) if isinstance(value, str) else tuple(value or ())
    if each.kind is datetime:
        return parse_timestamp(value)
    return int(value) if isinstance(value, float) else value  # JSON Schema takes 500.0 for an integer


def secrets(cls: type, config: Mapping[str, Any]) -> Iterator[object]:
    """Yield the values of a configuration that logs must mask, also those of a wrong type."""
    for each in _settings(cls):
        value = config.get(each.name)
        if each.declaration.items is not None:
            for entry in value if isinstance(value, list) else []:
                yield from secrets(each.declaration.items, entry) if isinstance(entry, dict) else [entry]
        elif each.declaration.masked:
            yield value


def secret_names(cls: type) -> list[str]:
    """Return the names of the settings whose value is a text that logs must mask."""
    return [each.name for each in _settings(cls) if each.declaration.masked and each.declaration.items is None]


def form_faults(cls: type, config: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield a sentence for each text that its check refuses."""
    for each in _settings(cls):
        value, declared = config.get(each.name), each.declaration
        if declared.form is not None and isinstance(value, str) and not declared.form.matches(value):
            yield f"Setting {prefix}{each.name}: must be {declared.form.description}."
        if declared.items is not None and isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, dict):
                    yield from form_faults(declared.items, entry, f"{each.name}.{index}.")


def explain(error: ValidationError) -> Iterator[str]:
    """Yield sentences that say what a validator found, by the setting's name and never by its value."""
    path = "".join(f"{part}." for part in error.absolute_path)
    rule: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "required":
        yield from (f"Setting {path}{name}: missing." for name in rule if name not in instance)
    elif error.validator == "additionalProperties":
        known = schema.get("properties", {})
        yield from (
            f"Setting {path}{name}: unknown. Remove it, or correct its name." for name in instance if name not in known
        )
    else:
        yield f"Setting {path.rstrip('.')}: must {_requirement(str(error.validator), rule)}."


def _requirement(validator: str, rule: Any) -> str:  # noqa: ANN401 - the value of any keyword
    if validator == "type":
        types = [rule] if isinstance(rule, str) else [name for name in rule if name != "null"]
        return f"be of type {' or '.join(types)}"
    words = {"enum": "be one of", "minimum": "be at least", "maximum": "be at most"}
    if validator in words:
        return f"{words[validator]} {rule}"
    return "have the form that --about describes"


def settings_from_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read settings from environment variables.

    Args:
        schema: The JSON schema of all settings, those of the SDK included.
        prefix: What the names of the variables begin with.

    Returns:
        The settings. A value of the wrong type stays text, so that the validator names it with all other faults.
    """
    settings: dict[str, Any] = {}
    _warn_of_unknown_variables({f"{prefix}{name.upper()}" for name in schema["properties"]}, prefix)
    for name, declared in schema["properties"].items():
        text = os.environ.get(f"{prefix}{name.upper()}", "")
        if text and not text.startswith("[") and {"string", "array"} <= {*declared["type"]}:
            settings[name] = text  # the SDK would split it at commas
            continue
        try:
            settings |= parse_environment({"properties": {name: declared}}, prefix)
        except ValueError:
            settings[name] = text
        if isinstance(settings.get(name), bool) and text.lower() not in _BOOLEAN_WORDS:
            settings[name] = text
    return settings


def _warn_of_unknown_variables(known: set[str], prefix: str) -> None:
    """Warn of variables that look like settings; Meltano's own begin with a second underscore."""
    for name in sorted(os.environ):
        is_own = name.startswith(f"{prefix}_") or name in {*known, f"{prefix}LOGLEVEL"}
        if name.startswith(prefix) and not is_own:
            logger.warning("Environment variable %s: no setting has this name.", name)
