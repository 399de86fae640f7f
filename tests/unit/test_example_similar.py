"""The example of a task that is no classifier."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.samples import photograph
from trunkline import trunks
from trunkline.demo import photographs
from trunkline_tasks import programs

EXAMPLE = Path(__file__).parents[2] / "cloud_tasks" / "examples" / "similar.py"


def test_a_picture_is_most_like_itself_and_its_kin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, index = tmp_path / "pictures", tmp_path / "index.npz"
    pictures.mkdir()
    for name in photographs.NAMES:
        photograph(name).save(pictures / f"{name}.png")
    (pictures / "notes.txt").write_text("not a picture")
    command = [sys.executable, str(EXAMPLE), "--images", str(pictures), "--output", str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "left out:" in done.stdout
    assert f"{index}: 4 pictures" in done.stdout
    monkeypatch.setenv("SIMILAR_INDEX", str(index))
    program = programs.load(f"{EXAMPLE}:Similar")
    trunk = trunks.load("mobilenet_v2", threads=1)
    cat = photograph("chelsea")
    near = cat.crop((10, 10, cat.width - 10, cat.height - 10))
    batch = np.stack([trunk.preprocess(image) for image in (cat, near)])
    answers = programs.Runner(program).run(trunk.forward(batch))[0]
    for answer in answers:
        assert answer["similar"][0]["picture"] == "chelsea.png"
        assert len(answer["similar"]) == 4
    assert answers[0]["similar"][0]["likeness"] == pytest.approx(1, abs=1e-3)
    assert answers[1]["similar"][0]["likeness"] > answers[1]["similar"][1]["likeness"] + 0.05
