"""The adapter that makes a feature codec of any picture codec: the method's seven steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trunkline import quantize, tiling
from trunkline.codecs.abc import FeatureCodec, PictureCodec
from trunkline.errors import CorruptFrameError, ParameterError
from trunkline.text import one_of
from trunkline.timing import Stopwatch
from trunkline.types import Coded, ParameterValue, Quantised, Shape, Tensor


@dataclass(frozen=True)
class MosaicCodec(FeatureCodec):
    """Quantise, tile, code as a picture; and back.

    Step 4 of the seven, sending payload and quantiser, is what lies between `encode` and `decode`.
    """

    picture: PictureCodec
    arrangement: str = tiling.DEFAULT_ARRANGEMENT  # type: ignore[misc]
    bits: int = 8
    kind: ClassVar[str] = "picture"

    def __post_init__(self) -> None:
        tiling.check_arrangement(self.arrangement)
        if self.bits not in self.picture.bits:
            raise ParameterError(
                f"bits is {self.bits}: codec {self.picture.id} takes {one_of(self.picture.bits)} "
                "bits a sample"
            )

    @property
    def id(self) -> str:  # type: ignore[override]
        """The picture codec's id: the frame names that, and the arrangement beside it."""
        return self.picture.id

    @property
    def params(self) -> dict[str, ParameterValue]:
        """The picture codec's parameters."""
        return self.picture.params

    def encode(self, tensor: Tensor, watch: Stopwatch) -> Coded:
        """The edge's side, (C, H, W) float32 to payload and quantiser."""
        with watch.stage("quantize"):  # step 2; it and the tiling commute, and bytes tile faster
            quantised = quantize.minmax(tensor, self.bits)
        with watch.stage("tile"):  # step 1
            picture = tiling.arrange(tiling.mosaic(quantised.samples), self.arrangement)
        with watch.stage("encode"):  # step 3
            return Coded(self.picture.encode(picture, self.bits), quantised.quantiser)

    def decode(self, coded: Coded, shape: Shape, watch: Stopwatch) -> Tensor:
        """The cloud's side, payload and quantiser to (C, H, W) float32."""
        quantiser = coded.quantiser
        if quantiser is None:
            raise CorruptFrameError(f"a {self.id} frame has no quantiser: expected min, max, bits")
        plane = tiling.plane_shape(shape)
        pictured = plane if self.arrangement == "luma" else (*plane, 3)
        with watch.stage("decode"):  # step 5
            picture = self.picture.decode(coded.payload, pictured, quantiser.bits)
        with watch.stage("untile"):  # step 7, again before its neighbour
            samples = tiling.unmosaic(tiling.unarrange(picture, self.arrangement), shape)
        with watch.stage("dequantize"):  # step 6
            restored = Quantised(samples, quantiser.min, quantiser.max, quantiser.bits)
            return quantize.dequantize(restored)
