"""The model store: manifests, roots, checks, and what it says when something is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.samples import SPEC
from trunkline.errors import WeightsError
from trunkline.weights import ModelStore, TailEntry, TrunkEntry, manifest, publish
from trunkline.weights.manifest import Manifest
from trunkline.weights.publish import TailDraft
from trunkline.weights.store import bundle_root

PROBE = (1.0, -2.0, 3.0)
DRAFT = TailDraft(
    task="classifier",
    model="a model",
    content=b"onnx",
    labels=("cat", "dog"),
    digest=SPEC.digest,
    probe=PROBE,
    card="# card\n",
    metrics={"top1": 50.0},
)


def write(root: Path, content: bytes = b"trunk") -> Path:
    """A folder of the store with a trunk and a tail."""
    folder = root / SPEC.name / SPEC.set
    trunk = publish.write_trunk(folder, SPEC, content, PROBE, "# card\n")
    tail = publish.write_tail(folder, SPEC, DRAFT)
    publish.write_manifest(folder, Manifest(trunk, (tail,)))
    return folder


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path)
    store = ModelStore((tmp_path,))
    trunk, tail = store.trunk(SPEC.name, SPEC.set), store.tail(SPEC.name, SPEC.set, "classifier")
    assert trunk.spec == SPEC
    assert trunk.probe == tail.probe == PROBE
    assert trunk.verified_path().read_bytes() == b"trunk"
    assert tail.verified_path() == folder / "classifier.onnx"
    assert tail.labels() == ("cat", "dog")
    assert (tail.model, tail.accepts, tail.metrics) == ("a model", (SPEC.digest,), {"top1": 50.0})
    assert (tail.trunk, tail.set, tail.cut, tail.shape) == (
        SPEC.name,
        SPEC.set,
        SPEC.cut,
        SPEC.shape,
    )
    assert manifest.dumps(manifest.read(folder)) == (folder / "manifest.json").read_text()


def test_the_first_root_wins(tmp_path: Path) -> None:
    write(tmp_path / "user", b"mine")
    write(tmp_path / "bundle", b"theirs")
    store = ModelStore((tmp_path / "user", tmp_path / "bundle"))
    assert store.trunk(SPEC.name, SPEC.set).verified_path().read_bytes() == b"mine"
    assert [entry.folder.parts[-3] for entry in store.trunks()] == ["user"]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "trunk.onnx").write_bytes(b"drunk")
    with pytest.raises(WeightsError, match=r"damaged.*trunkline weights build"):
        ModelStore((tmp_path,)).trunk(SPEC.name, SPEC.set).verified_path()
    (folder / "trunk.onnx").unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        ModelStore((tmp_path,)).trunk(SPEC.name, SPEC.set).verified_path()


def test_other_labels_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "classifier.labels.txt").write_text("dog\ncat\n")
    tail = ModelStore((tmp_path,)).tail(SPEC.name, SPEC.set, "classifier")
    for use in (tail.labels, tail.verified_path):
        with pytest.raises(WeightsError, match=r"labels\.txt is damaged.*weights build"):
            use()


def test_another_card_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "classifier.md").write_text("# another licence\n")
    tail = ModelStore((tmp_path,)).tail(SPEC.name, SPEC.set, "classifier")
    with pytest.raises(WeightsError, match=r"classifier\.md is damaged"):
        publish.draft_of(tail)


def test_a_manifest_of_another_format_says_so(tmp_path: Path) -> None:
    folder = write(tmp_path)
    old = json.loads((folder / "manifest.json").read_text()) | {"format": 1}
    (folder / "manifest.json").write_text(json.dumps(old))
    with pytest.raises(WeightsError, match=r"format 1, expected 2.*weights build --trunk"):
        ModelStore((tmp_path,)).trunk(SPEC.name, SPEC.set)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 2}', '{"format": 2, "trunk": 3}', "[" * 100_000]
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match=r"manifest\.json"):
        ModelStore((tmp_path,)).trunk(SPEC.name, SPEC.set)


def test_a_damaged_manifest_is_set_apart(tmp_path: Path) -> None:
    write(tmp_path)
    broken = tmp_path / "vgg16" / "oxford" / "manifest.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{}")
    store = ModelStore((tmp_path,))
    assert [entry.name for entry in store.trunks()] == [SPEC.name]
    assert list(store.damaged()) == [broken]
    assert "it lacks 'format'" in store.damaged()[broken]
    assert "build --trunk vgg16 --set oxford" in store.damaged()[broken]


def test_a_damaged_manifest_hides_the_one_behind_it(tmp_path: Path) -> None:
    broken = write(tmp_path / "user") / "manifest.json"
    write(tmp_path / "bundle")
    broken.write_text("")
    store = ModelStore((tmp_path / "user", tmp_path / "bundle"))
    assert (store.manifests(), list(store.damaged())) == ([], [broken])
    with pytest.raises(WeightsError, match="cannot be read"):
        store.trunk(SPEC.name, SPEC.set)


@pytest.mark.parametrize("part", ["bytes", "name", "shape", "probe", "card"])
def test_a_manifest_with_a_field_of_another_type_is_refused(tmp_path: Path, part: str) -> None:
    path = write(tmp_path) / "manifest.json"
    data = json.loads(path.read_text())
    data["trunk"][part] = [{}]
    path.write_text(json.dumps(data))
    assert list(ModelStore((tmp_path,)).damaged()) == [path]


def test_a_root_that_cannot_be_looked_into_is_one_line(tmp_path: Path) -> None:
    store = ModelStore((tmp_path / ("a" * 300),))
    assert store.manifests() == []
    with pytest.raises(WeightsError, match=r"^[^\n]*$"):
        store.trunk(SPEC.name, SPEC.set)


def test_a_set_that_nobody_knows_names_the_sets(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="one of the sets mobilenet_v2/keras-160, "):
        ModelStore((tmp_path,)).trunk("mobilenet_v2", "nope")


def test_a_missing_trunk_names_what_there_is_and_the_command(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(WeightsError, match=r"keras-160.*build --trunk vgg16 --set oxford"):
        ModelStore((tmp_path,)).trunk("vgg16", "oxford")


def test_a_missing_tail_names_the_pairs(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(WeightsError, match="classifier on mobilenet_v2/keras-160"):
        ModelStore((tmp_path,)).tail(SPEC.name, SPEC.set, "ssd")


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    assert ModelStore((tmp_path / "none",)).manifests() == []


def test_home_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    assert ModelStore.default().roots == (tmp_path / "models", bundle_root())


def test_another_form_of_the_network_is_accepted() -> None:
    said: list[str] = []
    paired = publish.pair(DRAFT, "cd" * 32, (1.001, -2.0, 3.001), said.append)
    assert paired.accepts == (SPEC.digest, "cd" * 32)
    assert "another form" in said[0]


def test_another_network_is_refused() -> None:
    with pytest.raises(WeightsError, match=f"{SPEC.digest}.*{'cd' * 32}.*1%"):
        publish.pair(DRAFT, "cd" * 32, (1.1, -2.0, 3.0), print)


def test_a_known_digest_needs_no_probe() -> None:
    known = replace(DRAFT, accepts=("cd" * 32,))
    paired = publish.pair(known, "cd" * 32, (), print)
    assert paired.accepts == (SPEC.digest, "cd" * 32)


def test_a_tail_replaces_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    write(tmp_path)
    for task in ("classifier", "ssd"):
        draft = replace(DRAFT, task=task, content=b"new")
        publish.add_tail(tmp_path, SPEC.name, SPEC.set, draft, print)
    tails = ModelStore((tmp_path,)).tails()
    assert [tail.task for tail in tails] == ["classifier", "ssd"]
    assert all(tail.verified_path().read_bytes() == b"new" for tail in tails)


def test_the_released_bundle_is_whole_and_small() -> None:
    store = ModelStore((bundle_root(),))
    entries: list[TrunkEntry | TailEntry] = [*store.trunks(), *store.tails()]
    assert {tail.task for tail in store.manifest("mobilenet_v2", "keras-160").tails} == {
        "classifier",
        "ssd",
    }
    for entry in entries:
        path = entry.verified_path()
        assert path.stat().st_size == entry.bytes < 10_000_000
        for file in entry.files():
            file.verified_path()
    assert sum(entry.bytes for entry in entries) < 18_000_000
    for tail in store.tails():
        trunk = store.trunk(tail.trunk, tail.set)
        assert trunk.digest in tail.accepts
        assert trunk.digest in tail.card.text()
        assert json.dumps(tail.metrics)
