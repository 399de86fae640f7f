"""The codecs' benchmark over the demo's photographs, from its command line to table and plots."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import samples
from trunkline import codecs, pipeline
from trunkline_benchmarks.codecs import inputs
from trunkline_benchmarks.codecs.command import main
from trunkline_benchmarks.codecs.settings import TIME_BASELINE, settings

PICTURES = str(files("trunkline.demo") / "pictures")
TRUNK = "mobilenet_v2/keras-160"
NAMES = sorted(path.stem for path in Path(PICTURES).glob("*.jpg"))


@pytest.fixture(autouse=True)
def no_built_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The released bundle alone, whatever the developer has built."""
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))


def words(folder: Path, *more: str) -> list[str]:
    """A small run's arguments."""
    options = ["--images", PICTURES, "--trunks", TRUNK, "--times-limit", "2", *more]
    return [*options, "--output", str(folder / "out"), "--cache", str(folder / "cache")]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run of four codecs in two processes."""
    folder = tmp_path_factory.mktemp("codecs")
    assert main(words(folder, "--jobs", "2", "--codecs", "raw", "png", "webp", "jpeg")) == 0
    return folder


def test_rows_are_what_the_pipeline_does(finished: Path) -> None:
    """Bytes, error and agreement, against frames of the same tensors made here."""
    header, *rows = lines(finished / "out" / "rate.jsonl.gz")
    assert header["images"] == "pictures"
    assert header["trunks"][TRUNK]["tail"]
    assert header["machine"]["cpu"]
    names = [setting["name"] for setting in header["settings"]]
    found = {(row["picture"], row["setting"]): row for row in rows if "picture" in row}
    assert set(found) == {(number, name) for number in range(len(NAMES)) for name in names}
    for number, picture in enumerate(NAMES):
        tensor = samples.features(picture)
        frame = pipeline.pack(tensor, samples.SPEC, codecs.get("webp", quality=50))
        row = found[number, "webp quality 50"]
        assert row["bytes"] == len(frame.payload)
        assert frame.quantiser is not None
        step = (frame.quantiser.max - frame.quantiser.min) / 255
        error = np.rint((tensor - frame.quantiser.min) / step) - np.rint(
            (pipeline.unpack(frame) - frame.quantiser.min) / step
        )
        assert row["mse"] == pytest.approx(float((error**2).mean()), rel=1e-3)
        assert row["psnr"] == pytest.approx(10 * np.log10(255**2 / row["mse"]), abs=2e-3)
        assert row["max"] == np.abs(error).max()
        raw = found[number, "raw"]
        assert (raw["bytes"], raw["mse"], raw["psnr"], raw["same_top1"]) == (25088, 0, None, 1)
        assert found[number, "raw 16 bits"]["bytes"] == 50176
    worst = [found[number, "jpeg quality 5"]["same_top1"] for number in range(len(NAMES))]
    assert 0 in worst


def test_containers_have_rows(finished: Path) -> None:
    rows = {row.get("container"): row for row in lines(finished / "out" / "rate.jsonl.gz")}
    assert rows["raw"] | {"smallest_side": 1} == {
        "container": "raw",
        "constant_bytes": 112 * 224,
        "smallest_side": 1,
        "smallest_bytes": 1,
    }
    assert rows["raw 16 bits"]["smallest_bytes"] == 2
    assert 0 < rows["png"]["smallest_bytes"] < rows["png"]["constant_bytes"] < 300


def test_times_are_of_all_in_an_order_of_chance(finished: Path) -> None:
    header, *rows = lines(finished / "out" / "times.jsonl.gz")
    names = [setting["name"] for setting in header["settings"]]
    assert TIME_BASELINE in names
    orders = [[row["setting"] for row in rows if row["picture"] == number] for number in (0, 1)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(names)
    assert orders[0] != orders[1]
    assert all(row["encode_ms"] > 0 and row["decode_ms"] > 0 for row in rows)


def test_table_and_plots(finished: Path) -> None:
    page = (finished / "out" / "README.md").read_text()
    assert "| raw | – | – | 25088 | lossless |" in page
    assert "4 pictures" in page
    assert "`python -m trunkline_benchmarks.codecs" in page
    for plot in ("error", "agreement"):
        stem = finished / "out" / f"mobilenet_v2-keras-160-{plot}"
        assert f"({stem.name}.png)" in page
        assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        picture = stem.with_suffix(".svg").read_text()
        assert all(f">{name}<" in picture for name in ("webp", "jpeg"))
        assert ">webp lossless" in picture


def test_a_further_codec_costs_only_itself(finished: Path) -> None:
    """Rows that are there already are taken."""
    out = finished / "out"
    before, rows = (out / "rate.journal").read_bytes(), lines(out / "rate.jsonl.gz")[1:]
    chosen = ["--codecs", "raw", "png", "webp", "jpeg", "jpegxl"]
    assert main(words(finished, "--no-times", *chosen)) == 0
    after = (out / "rate.journal").read_bytes()
    assert after.startswith(before)
    # jpegxl's rows, and the containers' anew
    assert after.count(b"\n") == before.count(b"\n") + 2
    known = [row for row in rows if "picture" in row]
    assert [row for row in lines(out / "rate.jsonl.gz") if row in known] == known


def test_report_alone(finished: Path) -> None:
    page = finished / "out" / "README.md"
    before = page.read_text()
    page.unlink()
    assert main(["--only-report", "--output", str(finished / "out")]) == 0
    assert page.read_text() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--codecs", "gif"], "unknown codec 'gif': expected one of avif, bpg"),
        (["--trunks", "vgg16"], "trunkline weights build --trunk vgg16 --set oxford"),
        (["--trunks", "vgg19"], "unknown trunk 'vgg19'"),
        (["--limit", "-1"], "limit is -1: expected 0"),
        (["--only-times", "--times-limit", "0"], "times-limit is 0: expected 1 or more"),
        (["--no-times", "--jobs", "0"], "jobs is 0: expected 1 or more"),
        (["--only-report"], "cannot read"),
        (["--images", "/nowhere"], "no pictures below /nowhere"),
    ],
)
def test_errors_are_one_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path, *options)) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("codecs: ")]
    assert len(said) == 1
    assert message in said[0]


def test_pictures_are_spread_evenly(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    found = inputs.find(str(tmp_path), 4)
    assert [path.stem for path in found.paths] == ["0", "2", "5", "7"]
    assert len(inputs.find(str(tmp_path), 0).paths) == len(inputs.find(str(tmp_path), 99).paths)


def test_every_setting_is_one_of_its_codec() -> None:
    chosen = settings([info.id for info in codecs.table() if info.available])
    assert len({setting.name for setting in chosen}) == len(chosen)
    for setting in chosen:
        codec = setting.made()
        assert codec.id == setting.codec
        assert {**codec.params, **setting.params} == codec.params
        codecs.as_feature(codec, bits=setting.bits)
