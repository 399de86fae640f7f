"""`trunkline encode`: a picture to a frame or its payload, on this machine."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from trunkline.command import Command
from trunkline.commands import codec_options, frame_fields
from trunkline.files import check_different, read_bytes, write_bytes
from trunkline.types import Frame


def configure(parser: argparse.ArgumentParser) -> None:
    """Add picture, output, model and codec options."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="picture file")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F", help="file to write"
    )
    parser.add_argument(
        "--frame", action="store_true", help="write the whole frame, which `decode` and tasks take"
    )
    parser.add_argument("--trunk", default="mobilenet_v2", help="trunk (%(default)s)")
    parser.add_argument("--weights", default="", metavar="SET", help="weight set (the trunk's own)")
    parser.add_argument("--engine", default="onnxruntime", help="engine (%(default)s)")
    parser.add_argument("--precision", default="f32", help="f32 or bf16 (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the frame's fields as JSON")
    codec_options.configure(parser, default="bpg")


def run(arguments: argparse.Namespace) -> int:
    """Write the payload (a picture file of the codec's format) or the frame; say what it is."""
    from trunkline import wire

    check_different(arguments.image, arguments.output)
    frame = _frame(arguments)
    data = wire.frame_to_bytes(frame) if arguments.frame else frame.payload
    write_bytes(arguments.output, data)
    print(_described(arguments, frame, len(data)))
    return 0


def _frame(arguments: argparse.Namespace) -> Frame:
    """The picture's frame, by the whole edge side of the pipeline."""
    from trunkline import codecs, images, pipeline, trunks

    params = codec_options.values(codec_options.spelled(arguments))
    codec = codecs.feature(
        arguments.codec,
        arrangement=arguments.arrangement or "luma",
        bits=arguments.bits or 8,
        **params,
    )
    data = read_bytes(arguments.image)
    trunk = trunks.load(
        arguments.trunk,
        set=arguments.weights,
        engine=arguments.engine,
        precision=arguments.precision,
    )
    picture = images.read(data, enough=trunk.enough_pixels)
    (tensor,) = trunk.forward(trunk.preprocess(picture.image)[None])
    now = time.time()
    return pipeline.pack(tensor, trunk.spec, codec, image_size=picture.size, capture_time=now)


def _described(arguments: argparse.Namespace, frame: Frame, size: int) -> str:
    """One line for a person, or one JSON object."""
    if not arguments.json:
        what = "frame" if arguments.frame else f"{frame.codec} payload"
        return f"{arguments.output}: {what} of {size} bytes, tensor {frame.shape}"
    fields = {"file": str(arguments.output), "bytes": size} | frame_fields.of(frame)
    return json.dumps(fields)


command = Command(
    help="a picture to a frame or payload file, on this machine",
    configure=configure,
    run=run,
    extra="edge",
    requires=("onnxruntime",),
)
