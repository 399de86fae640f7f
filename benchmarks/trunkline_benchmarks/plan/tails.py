"""The tasks' rests behind a trunk: the published ones and those of the model store."""

from __future__ import annotations

from trunkline.errors import WeightsError
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.plan import onnx_counts, ssd_paper
from trunkline_benchmarks.plan.counts import CutCount
from trunkline_benchmarks.plan.sharing import Tails


def published(trunk: str, own: CutCount) -> list[Tails]:
    """The published pair of tasks, once for each reading of its detector."""
    return [
        Tails(
            f"classifier + SSD224 {reading.name}",
            own.macs_before,
            {"classifier": own.macs_after, "ssd": ssd_paper.macs(trunk, reading)},
        )
        for reading in ssd_paper.READINGS[trunk]
    ]


def stored(trunk: str) -> tuple[list[Tails], list[str]]:
    """The tails of the model store, by weight set, and why some could not be counted."""
    store, found = ModelStore.default(), []
    uncounted = [why for path, why in store.damaged().items() if path.parent.parent.name == trunk]
    for manifest in store.manifests():
        if manifest.trunk.name != trunk or not manifest.tails:
            continue
        rests = {}
        for tail in manifest.tails:
            try:
                rests[tail.task] = onnx_counts.macs(tail.verified_path())
            except WeightsError as error:
                uncounted.append(str(error))
        if rests:
            name = f"{' + '.join(rests)} of the store, {manifest.trunk.set}"
            found.append(Tails(name, onnx_counts.macs(manifest.trunk.verified_path()), rests))
    return found, uncounted
