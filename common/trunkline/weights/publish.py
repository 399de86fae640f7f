"""Writes trunks and tails into a folder of the model store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trunkline.errors import TrunklineError, WeightsError
from trunkline.files import write_bytes
from trunkline.names import check_tail_name
from trunkline.types import TrunkSpec
from trunkline.weights import manifest, probe
from trunkline.weights.files import Report, locked, system_errors
from trunkline.weights.manifest import FileEntry, Manifest, Place, TailEntry, TrunkEntry


@dataclass(frozen=True, eq=False)
class TailDraft:
    """A tail before it lies in a folder: ONNX bytes, labels, card, and the trunk it was made for.

    `digest` and `probe` are that trunk's; `accepts` lists the digests known to be that network.
    """

    task: str
    model: str
    content: bytes
    labels: Sequence[str]
    digest: str
    probe: tuple[float, ...]
    card: str
    accepts: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)


def draft_of(entry: TailEntry) -> TailDraft:
    """A tail that lies in a store, checked, as a draft for another folder."""
    return TailDraft(
        task=entry.task,
        model=entry.model,
        content=entry.verified_path().read_bytes(),
        labels=entry.labels(),
        digest=entry.digest,
        probe=entry.probe,
        card=entry.card.text(),
        accepts=entry.accepts,
        metrics=entry.metrics,
    )


def pair(draft: TailDraft, digest: str, response: tuple[float, ...], report: Report) -> TailDraft:
    """`draft` with the trunk `digest` among those it accepts.

    A trunk of another digest is let in only if its responses to the probe picture lie within 1 %
    of the draft's trunk's; WeightsError (the pair is refused) where they do not.
    """
    if digest not in (draft.digest, *draft.accepts):
        distance = probe.distance(response, draft.probe)
        if distance > probe.TOLERANCE:
            raise WeightsError(
                f"tail {draft.task} was made for trunk {draft.digest}; trunk {digest} answers the "
                f"probe picture {distance:.1%} apart: expected at most {probe.TOLERANCE:.0%}; "
                "make a tail for this trunk with: trunkline train"
            )
        report(f"{draft.task}: same network in another form ({distance:.3%} apart), accepted")
    accepts = dict.fromkeys((draft.digest, *draft.accepts, digest))
    return replace(draft, accepts=tuple(accepts))


def write_file(folder: Path, name: str, content: bytes) -> FileEntry:
    """Write one file whole or not at all; its entry. Raises WeightsError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / name, content)
    except OSError as error:
        raise WeightsError(f"cannot make the folder {folder}: {error.strerror}") from error
    except TrunklineError as error:
        raise WeightsError(str(error)) from error
    return FileEntry(folder, name, hashlib.sha256(content).hexdigest(), len(content))


def write_trunk(
    folder: Path, spec: TrunkSpec, content: bytes, response: tuple[float, ...], card: str
) -> TrunkEntry:
    """Write `trunk.onnx` and `trunk.md`; the entry for the manifest."""
    file = write_file(folder, "trunk.onnx", content)
    written = write_file(folder, "trunk.md", card.encode())
    return TrunkEntry(**vars(file), spec=spec, card=written, probe=response)


def write_tail(folder: Path, spec: Place, draft: TailDraft) -> TailEntry:
    """Write a tail's ONNX file, labels and card; the entry for the manifest."""
    file = write_file(folder, f"{draft.task}.onnx", draft.content)
    labels = "\n".join([*draft.labels, ""]).encode()
    return TailEntry(
        **vars(file),
        trunk=spec.name,
        set=spec.set,
        cut=spec.cut,
        shape=spec.shape,
        task=draft.task,
        model=draft.model,
        labels_file=write_file(folder, f"{draft.task}.labels.txt", labels),
        card=write_file(folder, f"{draft.task}.md", draft.card.encode()),
        accepts=draft.accepts or (draft.digest,),
        digest=draft.digest,
        probe=draft.probe,
        metrics=draft.metrics,
    )


def write_manifest(folder: Path, content: Manifest) -> None:
    """Write `manifest.json`, which makes the folder part of the store."""
    write_file(folder, manifest.NAME, manifest.dumps(content).encode())


def add_tail(root: Path, trunk: str, weights: str, draft: TailDraft, report: Report) -> TailEntry:
    """Put a tail beside the trunk that lies under `root`, in place of one of the same task.

    Raises WeightsError where there is no such trunk or the tail is not made for it,
    ParameterError for a task that no tail may be of.
    """
    check_tail_name(draft.task)
    folder = root / trunk / weights
    with system_errors(f"write to {folder}"), locked(root, report):
        old = manifest.read(folder)
        paired = pair(draft, old.trunk.digest, old.trunk.probe, report)
        entry = write_tail(folder, old.trunk.spec, paired)
        others = tuple(tail for tail in old.tails if tail.task != draft.task)
        write_manifest(folder, Manifest(old.trunk, (*others, entry)))
    return entry
