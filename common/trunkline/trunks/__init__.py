"""Trunks: the frozen fronts of networks. A new trunk is one file here and one line in TRUNKS."""

from __future__ import annotations

from importlib import import_module

from trunkline import engines
from trunkline.errors import UnknownNameError
from trunkline.trunks.trunk import Trunk, TrunkKind
from trunkline.weights.store import ModelStore

TRUNKS = {
    "mobilenet_v2": "trunkline.trunks.mobilenet_v2:MOBILENET_V2",
    "vgg16": "trunkline.trunks.vgg16:VGG16",
}

__all__ = ["TRUNKS", "Trunk", "TrunkKind", "kind", "load"]


def kind(name: str) -> TrunkKind:
    """What the trunk called `name` is; UnknownNameError (with the known ones) for any other."""
    if name not in TRUNKS:
        raise UnknownNameError("trunk", name, list(TRUNKS))
    module, attribute = TRUNKS[name].split(":")
    found: TrunkKind = getattr(import_module(module), attribute)
    return found


def load(
    name: str,
    set: str | None = None,
    *,
    engine: str = engines.DEFAULT_ENGINE,
    precision: str = "f32",
    store: ModelStore | None = None,
    threads: int = 0,
    device: str = "cpu",
) -> Trunk:
    """The trunk `name` with the weights `set` (None: the trunk's default), ready to run.

    `threads` is how many the engine may use (0: all cores); `device` concerns torch only.
    Raises UnknownNameError, WeightsError (not in the store, or damaged), MissingExtraError,
    EngineError.
    """
    chosen = kind(name)
    entry = (store or ModelStore.default()).trunk(name, chosen.set_or_own(set))
    chosen.check(entry.spec)
    path = entry.verified_path()
    network = engines.load(engine, path, precision=precision, threads=threads, device=device)
    return Trunk(entry.spec, network)
