"""An answer drawn on its picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from trunkline import images
from trunkline.files import write_bytes

COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#800000")
CAPTION_PX = 18


def annotate(image: Image.Image, answer: dict[str, Any]) -> Image.Image:
    """A copy of the RGB picture with the detections' boxes and the best class on it."""
    drawn = image.copy()
    draw = ImageDraw.Draw(drawn)
    font = ImageFont.load_default(size=CAPTION_PX)
    for found in reversed(answer["tasks"].get("ssd", {}).get("detections", [])):
        colour = COLOURS[sum(map(ord, found["label"])) % len(COLOURS)]
        x1, y1, x2, y2 = found["box"]
        draw.rectangle((x1, y1, max(x1, x2), max(y1, y2)), outline=colour, width=3)
        _caption(draw, font, (x1, y1), f"{found['label']} {found['score']:.2f}", colour)
    classes = answer["tasks"].get("classifier", {}).get("classes", [])
    if classes:
        text = f"{classes[0]['label']} {classes[0]['score']:.2f}"
        _caption(draw, font, (0, image.height - CAPTION_PX - 6), text, "#202020")
    return drawn


def write(path: Path, data: bytes, answer: dict[str, Any]) -> None:
    """The picture file `data` with its answer drawn on it, as PNG. Raises TrunklineError."""
    buffer = io.BytesIO()
    annotate(images.decode(data), answer).save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def _caption(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    corner: tuple[float, float],
    text: str,
    colour: str,
) -> None:
    """White text on a coloured patch whose upper left corner is `corner`."""
    x, y = corner
    width = draw.textlength(text, font=font)
    draw.rectangle((x, y, x + width + 6, y + CAPTION_PX + 6), fill=colour)
    draw.text((x + 3, y + 2), text, fill="white", font=font)
