"""Builds one weight set into the model store: the trunk as ONNX, its tails, a manifest."""

from __future__ import annotations

import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from trunkline import engines
from trunkline.errors import MissingExtraError, WeightsError
from trunkline.types import TrunkSpec
from trunkline.weights import probe, publish, sets, sources
from trunkline.weights.files import Report, locked, replacing, system_errors
from trunkline.weights.manifest import Manifest, TrunkEntry
from trunkline.weights.recipes import Context, Recipe
from trunkline.weights.sets import WeightSet
from trunkline.weights.sources import Source
from trunkline.weights.store import ModelStore

REQUIRES = ("onnx", "onnxruntime", "h5py", "safetensors")
"""What every build needs; torch reads torchvision's own files only."""


def build(
    trunk: str,
    set: str,
    store: ModelStore | None = None,
    report: Report = print,
    explicit: Path | None = None,
) -> TrunkEntry:
    """Build `trunk`/`set` under the store's first root and give its entry.

    `explicit` is the weight file, or a folder that holds it. The folder appears whole or not at
    all; two builders take turns. Raises UnknownNameError, WeightsError, MissingExtraError.
    """
    weights = sets.get(trunk, set)
    root = (store or ModelStore.default()).roots[0]
    _require(f"building {trunk}/{set}")
    with system_errors(f"build {trunk}/{set} into {root}"), locked(root, report):
        source, path = sources.resolve(weights.sources(), report, explicit)
        report(f"reading {path}")
        network = weights.read(source, path)
        content = weights.trunk_model(network)
        digest = sets.digest(weights, network)
        response = respond(content, weights)
        check(weights, source, digest, response, report)
        context = Context(weights, network, digest, response, report)
        with replacing(root / trunk / set) as folder:
            _write(folder, context, content)
    report(f"built {root / trunk / set}")
    return ModelStore((root,)).trunk(trunk, set)


def _require(what: str) -> None:
    """Raise MissingExtraError before anything is fetched that could not be used."""
    for name in REQUIRES:
        if find_spec(name) is None:
            raise MissingExtraError(f"{what} ({name})", "build")


def respond(content: bytes, weights: WeightSet) -> tuple[float, ...]:
    """The trunk's channel means for the probe picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trunk.onnx"
        path.write_bytes(content)
        network = engines.load("onnxruntime", path, threads=1)
        return probe.response(network.run(probe.batch(weights.preprocess))[0])


def check(
    weights: WeightSet, source: Source, digest: str, response: tuple[float, ...], report: Report
) -> None:
    """Compare a trunk to the committed reference of its set.

    A file pinned by its whole sha256 must give the very digest; one whose publisher gives less
    may hold the network in another form, which the probe decides.
    """
    known = sets.reference(weights)
    if digest == known.digest:
        report(f"trunk digest {digest}")
        return
    distance = probe.distance(response, known.probe)
    if len(source.sha256) == 64 or distance > probe.TOLERANCE:
        raise WeightsError(
            f"{source.file} gives trunk digest {digest} ({distance:.2%} apart on the probe "
            f"picture), expected {known.digest}: this is not {weights.trunk}/{weights.name}"
        )
    report(f"trunk digest {digest}: {weights.name} in another form ({distance:.3%} apart)")


def _write(folder: Path, context: Context, content: bytes) -> None:
    weights = context.weights
    spec = TrunkSpec(
        name=weights.trunk,
        set=weights.name,
        cut=weights.cut,
        shape=weights.shape,
        digest=context.digest,
        preprocess=weights.preprocess,
    )
    card = (
        f"# Trunk `{weights.trunk}` / `{weights.name}`, cut `{weights.cut}`\n\n{weights.card}"
        f"* Command: `trunkline weights build --trunk {weights.trunk} --set {weights.name}`\n"
        f"* Trunk digest: `{context.digest}`\n"
    )
    entry = publish.write_trunk(folder, spec, content, context.response, card)
    tails = []
    for task, where in weights.tails().items():
        draft = _recipe(where)(context, task)
        if draft is None:
            continue
        draft = publish.pair(draft, context.digest, context.response, context.report)
        tails.append(publish.write_tail(folder, spec, draft))
        context.report(f"wrote tail {task}")
    if not weights.tails():
        context.report(f"{weights.trunk}/{weights.name} has no released tails: trunk only")
    publish.write_manifest(folder, Manifest(entry, tuple(tails)))


def _recipe(where: str) -> Recipe:
    module, function = where.split(":")
    return cast(Recipe, getattr(import_module(module), function))
