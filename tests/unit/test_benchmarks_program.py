"""The serving benchmarks as programs: what is missing is said first, what was measured is kept."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trunkline.errors import TrunklineError
from trunkline_benchmarks.load import command as load
from trunkline_benchmarks.serving import program, systems


def run(tmp_path: Path, *words: str, fails: bool = False) -> int:
    """A program of two results, the second of which may fail."""
    given = program.parser("x", "").parse_args(["--output", str(tmp_path / "x.json"), *words])

    def measure(_: Namespace) -> Iterator[dict[str, Any]]:
        yield {"rows": [1]}
        if fails:
            raise TrunklineError("the second one cannot be measured")
        yield {"rows": [1, 2]}

    return program.run("x", given, measure, lambda result: [f"rows {result['rows']}"])


def test_the_last_result_is_kept_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    assert json.loads((tmp_path / "x.json").read_text()) == {"rows": [1, 2]}
    assert capsys.readouterr().out == "rows [1, 2]\n"


def test_what_was_measured_outlives_what_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, fails=True) == 1
    assert json.loads((tmp_path / "x.json").read_text()) == {"rows": [1]}
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "x: the second one cannot be measured\n")


def test_no_clients_are_no_load(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load.main(["--crowd", "0"])
    assert "argument --crowd: invalid count value: '0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "missing"), [("plain:80", "cwebp and dwebp"), ("litserve:file", "no_such_module")]
)
def test_what_a_system_needs_is_said_before_anything_is_measured(
    name: str,
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(systems.MODULES, "litserve", "no_such_module")
    words = ["--systems", "trunkline:raw", name, "--output", str(tmp_path / "load.json")]
    assert load.main(words) == 1
    kind = name.partition(":")[0]
    said = f"load: system {kind} needs {missing}: install it, or leave the system out\n"
    assert capsys.readouterr().err == said
    assert not (tmp_path / "load.json").exists()
