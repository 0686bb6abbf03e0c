"""Reading path and query parameters the way the contract does.

Out-of-range rules stand beside a field: `Annotated[int, Meta(ge=1, le=100), OutOfRange(...)]`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from lumilio.errors import BadRequest

Rule = Literal["reject", "default", "clamp"]


class OutOfRange(Struct, frozen=True):
    """What happens to a number below, above or that is none; only where it is not rejected."""

    below: Rule = "reject"
    above: Rule = "reject"
    invalid: Rule = "reject"


# A word that must not be empty, unlike other parameters, whose empty text counts as absent.
KEEP_EMPTY = "keep_empty"
# A word that may be written in capitals.
ANY_CASE = "any_case"


def read_query(kind: type[Struct], given: Mapping[str, str]) -> Struct:
    """The query Struct from the query string; unknown names are ignored. Raises BadRequest."""
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        text = given.get(field.encode_name)
        if text is None:
            continue
        hint = hints[field.name]
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        base = get_args(hint)[0] if marks else hint
        value = _value(text, base, marks)
        if value is not None:
            values[field.encode_name] = value
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest("A parameter is not valid", cause=str(error)) from error


def read_path(kind: Any, name: str, text: str) -> Any:
    """One path parameter. Raises BadRequest."""
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{name} is not an id", cause=str(error)) from error


def _value(text: str, base: Any, marks: tuple[Any, ...]) -> Any:
    """The text to convert, a ruled number, or None when it counts as absent."""
    if base is bool:
        return text == "true"
    if not text and KEEP_EMPTY not in marks:
        return None
    rules = next((mark for mark in marks if isinstance(mark, OutOfRange)), None)
    if rules is None:
        return text.lower() if ANY_CASE in marks else text
    # Of a number that may also be None, the limits stand inside.
    inner = [mark for alternative in get_args(base) for mark in get_args(alternative)[1:]]
    limits = next((mark for mark in (*marks, *inner) if isinstance(mark, Meta)), Meta())
    return _ruled(text, limits, rules)


def _ruled(text: str, limits: Meta, rules: OutOfRange) -> Any:
    try:
        number = int(text)
    except ValueError:
        return None if rules.invalid == "default" else text
    if limits.ge is not None and number < limits.ge:
        return {"default": None, "clamp": limits.ge, "reject": number}[rules.below]
    if limits.le is not None and number > limits.le:
        return {"default": None, "clamp": limits.le, "reject": number}[rules.above]
    return number
