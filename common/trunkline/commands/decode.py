"""`trunkline decode`: a frame or a payload file back to a mosaic or a tensor."""

from __future__ import annotations

import argparse
import io
import json
import math
from pathlib import Path
from typing import Any

from trunkline.command import Command
from trunkline.commands import frame_fields
from trunkline.demo.report import printable
from trunkline.errors import CorruptFrameError, ParameterError
from trunkline.files import check_different, read_bytes, write_bytes
from trunkline.types import Frame, Samples


def configure(parser: argparse.ArgumentParser) -> None:
    """Add input and output."""
    parser.add_argument("file", type=Path, metavar="F", help="frame, or payload file of a codec")
    parser.add_argument(
        "-o", "--output", type=Path, help="F.png: the mosaic; F.npy: the tensor (frames only)"
    )
    parser.add_argument("--json", action="store_true", help="print the fields as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Say what the file holds, and write it decoded where that is asked for."""
    from trunkline import codecs, pipeline

    if arguments.output is not None and arguments.output.suffix not in (".png", ".npy"):
        raise ParameterError(f"cannot write {arguments.output}: expected a .png or .npy file")
    if arguments.output is not None:
        check_different(arguments.file, arguments.output)
    data = read_bytes(arguments.file)
    if not data:
        raise CorruptFrameError(f"{arguments.file} is empty: expected a frame or a payload file")
    codec = codecs.recognise(data)
    if codec is not None:
        shape, bits = codec.probe(data)
        if math.prod(shape) > pipeline.MAX_ELEMENTS:
            raise CorruptFrameError(
                f"{arguments.file} claims {shape}: at most {pipeline.MAX_ELEMENTS} samples are read"
            )
        picture = codec.decode(data, shape, bits)
        fields: dict[str, Any] = {"codec": codec.id, "shape": shape, "bits": bits}
        _write(arguments.output, picture, bits, None)
    else:
        frame = _frame(arguments.file, data)
        fields = frame_fields.of(frame)
        _write_frame(arguments.output, frame)
    fields["bytes"] = len(data)
    print(json.dumps(fields) if arguments.json else _lines(arguments.file, fields))
    return 0


def _frame(file: Path, data: bytes) -> Frame:
    """The frame that the file is. Raises CorruptFrameError where it is none."""
    from trunkline import wire

    try:
        return wire.frame_from_bytes(data)
    except CorruptFrameError as error:
        raise CorruptFrameError(
            f"{file} is no payload that tells its codec, and no frame ({error}): expected a file "
            "of `trunkline encode`; for codec raw one of `trunkline encode --frame`"
        ) from error


def _write_frame(output: Path | None, frame: Frame) -> None:
    """Decode the frame, which also proves that it can be, and write what was asked for."""
    from trunkline import pipeline, quantize, tiling

    tensor = pipeline.unpack(frame)
    quantised = (
        quantize.apply(tensor, frame.quantiser) if frame.quantiser else quantize.minmax(tensor)
    )
    _write(output, tiling.mosaic(quantised.samples), quantised.bits, tensor)


def _write(output: Path | None, picture: Samples, bits: int, tensor: Any) -> None:  # noqa: ANN401
    """Write the picture as PNG or the tensor as .npy, by the file's suffix."""
    if output is None:
        return
    if output.suffix == ".png":
        from trunkline.codecs.png import Png

        write_bytes(output, Png().encode(_in_png(picture, bits)))
        return
    if tensor is None:
        raise ParameterError("a payload alone has no tensor: min and max are in the frame")
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, tensor)
    write_bytes(output, buffer.getvalue())


def _in_png(picture: Samples, bits: int) -> Samples:
    """Samples of a depth that PNG has: those between 8 and 16 bits keep their brightness."""
    if bits in (8, 16):
        return picture
    import numpy as np

    # whole numbers throughout: exact, and the original samples can be had from it again
    white = (1 << bits) - 1
    spread: Samples = (picture.astype(np.uint32) * 65535 + white // 2) // white
    return spread.astype(np.uint16)


def _lines(file: Path, fields: dict[str, Any]) -> str:
    width = max(map(len, fields))
    lines = [str(file), *(f"  {name:<{width}} {fields[name]}" for name in fields)]
    return "\n".join(printable(line) for line in lines)


command = Command(
    help="a frame or payload file to its mosaic (.png) or tensor (.npy)",
    configure=configure,
    run=run,
)
