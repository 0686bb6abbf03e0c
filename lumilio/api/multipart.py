"""Streaming multipart: parts come out while the body comes in, nothing is spooled."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from lumilio.errors import BadRequest


class PartStart(Struct, frozen=True):
    """A part begins."""

    name: str
    filename: str | None


class PartData(Struct, frozen=True):
    """Bytes of the current part."""

    data: bytes


class PartEnd(Struct, frozen=True):
    """The current part is complete."""


PartEvent = PartStart | PartData | PartEnd


async def events(request: Request) -> AsyncIterator[PartEvent]:
    """The parts of a multipart body in order; raises BadRequest for a body that is none."""
    media_type, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        raise BadRequest("The request must be multipart/form-data")
    collector = _Collector(boundary)
    async for chunk in request.stream():
        for event in collector.feed(chunk):
            yield event
    if not collector.ended:
        raise BadRequest("The request body ends too early")


class _Collector:
    """Turns the parser's callbacks into events."""

    def __init__(self, boundary: bytes) -> None:
        self.ended = False
        self._events: list[PartEvent] = []
        self._header = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        callbacks: dict[str, Any] = {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._add_to_header,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._start_part,
            "on_part_data": self._add_data,
            "on_part_end": lambda: self._events.append(PartEnd()),
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise BadRequest("The multipart boundary is not valid", cause=str(error)) from error

    def feed(self, chunk: bytes) -> list[PartEvent]:
        self._events = []
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadRequest("The multipart body is not valid", cause=str(error)) from error
        return self._events

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _start_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        filename = options.get(b"filename")
        self._events.append(
            PartStart(
                options.get(b"name", b"").decode(errors="replace"),
                None if filename is None else filename.decode(errors="replace"),
            )
        )

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _end(self) -> None:
        self.ended = True
