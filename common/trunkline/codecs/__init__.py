"""Codecs: feature tensors, or mosaics of their samples, to bytes and back."""

from trunkline.codecs.abc import Codec, FeatureCodec, PictureCodec
from trunkline.codecs.table import (
    CodecInfo,
    as_feature,
    feature,
    get,
    info,
    parameter_types,
    recognise,
    table,
)

__all__ = [
    "Codec",
    "CodecInfo",
    "FeatureCodec",
    "PictureCodec",
    "as_feature",
    "feature",
    "get",
    "info",
    "parameter_types",
    "recognise",
    "table",
]
