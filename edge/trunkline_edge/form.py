"""A multipart form with one picture, parsed as it arrives."""

from __future__ import annotations

from typing import NoReturn

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from trunkline_edge.problems import Problem

FIELD = "image"


class ImageForm:
    """A sink for the body of a form whose one field is `image`."""

    def __init__(self, boundary: bytes) -> None:
        """Raises FormParserError for a boundary beyond reason, Problem 400 for none."""
        if not boundary:
            _refuse("its content type names no boundary")
        self._parts: list[bytes] = []
        self._images = 0
        self._ended = False
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._part_data,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_end": self._end,
            },
        )

    def write(self, data: bytes) -> None:
        """One more piece of the body. Raises Problem 400 for what is no such form."""
        if self._ended:
            return  # an epilogue, which RFC 2046 says to ignore
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Problem(400, "bad-form", f"the form cannot be read: {error}") from error

    def close(self) -> bytes:
        """The picture. Raises Problem 400 where the form has none or ends too soon."""
        if not self._ended:
            _refuse("it ends before its last boundary")
        if not self._images:
            _refuse(f"it has no field {FIELD!r}")
        return b"".join(self._parts)

    def _begin_part(self) -> None:
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        if name != FIELD:
            _refuse(f"field {name!r} is unknown: send `{FIELD}` alone, options go in the query")
        self._images += 1
        if self._images > 1:
            _refuse(f"it has two fields {FIELD!r}: send one picture a request")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._parts.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


def _refuse(why: str) -> NoReturn:
    raise Problem(400, "bad-form", f"the form cannot be used: {why}")
