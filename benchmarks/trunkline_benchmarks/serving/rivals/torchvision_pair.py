"""torchvision's own MobileNetV2 and SSDLite320, as its documentation runs them, without weights.

For their speed: what they cost does not depend on what they have learnt.
"""

from __future__ import annotations

import io

import torch
from PIL import Image
from torchvision.models import mobilenet_v2
from torchvision.models.detection import ssdlite320_mobilenet_v3_large
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from trunkline_benchmarks.serving.rivals.networks import TOP, Answer


class TorchvisionPair:
    """A classifier at 224 and a detector that resizes to 320 itself."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._classifier = mobilenet_v2().eval().to(device)
        detector = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
        self._detector = detector.eval().to(device)
        self._transform = v2.Compose(
            [
                v2.Resize((224, 224), antialias=True),
                v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )

    def decode(self, data: bytes) -> torch.Tensor:
        """A picture file as (3, H, W) of 0..1."""
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        pixels: torch.Tensor = functional.pil_to_tensor(picture)
        return (pixels.float() / 255).to(self._device)

    def run(self, picture: torch.Tensor) -> Answer:
        """What both networks make of it."""
        with torch.inference_mode():
            scores = self._classifier(self._transform(picture)[None]).softmax(1)[0]
            found = self._detector([picture])[0]
        best = scores.topk(TOP)
        height, width = picture.shape[1:]
        scale = torch.tensor([width, height, width, height])
        boxes = (found["boxes"] / scale).tolist()
        rows = zip(found["labels"].tolist(), found["scores"].tolist(), boxes, strict=True)
        return {
            "classes": [[int(i), float(s)] for i, s in zip(best.indices, best.values, strict=True)],
            "detections": [[label, score, *box] for label, score, box in rows],
        }
