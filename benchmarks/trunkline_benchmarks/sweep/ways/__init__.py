"""Ways to send a picture, by name. A new way is one file here and one line in WAYS."""

from __future__ import annotations

from importlib import import_module

from trunkline.errors import UnknownNameError
from trunkline_benchmarks.sweep.settings import Setting
from trunkline_benchmarks.sweep.ways.abc import Arrival, Source, Way

WAYS = {
    "features": "trunkline_benchmarks.sweep.ways.features:Features",
    "floats": "trunkline_benchmarks.sweep.ways.floats:Floats",
    "picture": "trunkline_benchmarks.sweep.ways.picture:Picture",
    "answer": "trunkline_benchmarks.sweep.ways.whole:Answer",
    "file": "trunkline_benchmarks.sweep.ways.whole:File",
}

__all__ = ["WAYS", "Arrival", "Source", "Way", "kind", "load"]


def kind(name: str) -> type[Way]:
    """The class of the way called `name`. Raises UnknownNameError."""
    if name not in WAYS:
        raise UnknownNameError("way", name, list(WAYS))
    module, _, attribute = WAYS[name].partition(":")
    found: type[Way] = getattr(import_module(module), attribute)
    return found


def load(setting: Setting) -> Way:
    """The way that the setting describes. Raises ParameterError and MissingExtraError."""
    return kind(setting.way)(setting)
