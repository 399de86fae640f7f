"""Queries as wishes, for codecs that the edge has never heard of too."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import pytest

from trunkline.codecs import FeatureCodec
from trunkline.codecs.abc import parameter
from trunkline.errors import ParameterError
from trunkline.timing import Stopwatch
from trunkline.types import Coded, Shape, Tensor
from trunkline_edge.parameters import Defaults, Wishes, parse

DEFAULTS = Defaults("png", {"level": 3}, 5000.0, 60_000.0)
TASKS = ("classifier", "ssd")


def wishes(**query: str) -> Wishes:
    return parse(query.items(), DEFAULTS, TASKS)


@dataclass(frozen=True)
class Strange(FeatureCodec):
    """A codec with a parameter of every type."""

    id = "strange"
    lossy = True

    factor: float = parameter(0.5, 0.0, 1.0)
    tables: str = parameter("small")
    fast: bool = parameter(False)

    def encode(self, tensor: Tensor, watch: Stopwatch) -> Coded:
        raise NotImplementedError

    def decode(self, coded: Coded, shape: Shape, watch: Stopwatch) -> Tensor:
        raise NotImplementedError


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    table = import_module("trunkline.codecs.table")  # the package has a function of that name
    monkeypatch.setitem(table.CODECS, "strange", f"{__name__}:Strange")


def test_nothing_asked_is_every_default() -> None:
    chosen = wishes()
    assert (chosen.codec.id, chosen.codec.params) == ("png", {"level": 3})
    assert chosen.codec.arrangement == "luma"
    assert chosen.tasks == ("classifier", "ssd")
    assert chosen.timeout_s == 5.0
    assert (chosen.top_k, chosen.score_threshold) == (None, None)


def test_the_default_codecs_parameters_are_its_own() -> None:
    assert wishes(level="9").codec.params == {"level": 9}
    assert wishes(codec="png").codec.params == {"level": 3}
    assert wishes(codec="webp").codec.params["quality"] == 80


def test_tasks_keep_the_order_of_the_request() -> None:
    assert wishes(tasks="ssd,classifier").tasks == ("ssd", "classifier")


def test_numbers() -> None:
    chosen = wishes(timeout_ms="250.5", top_k="1000", score_threshold="0")
    assert chosen.timeout_s == pytest.approx(0.2505)
    assert (chosen.top_k, chosen.score_threshold) == (1000, 0.0)


@pytest.mark.usefixtures("strange")
def test_a_new_codec_needs_no_change_here() -> None:
    codec = wishes(codec="strange", factor="0.25", tables="large", fast="true").codec
    assert isinstance(codec, Strange)
    assert codec.params == {"factor": 0.25, "tables": "large", "fast": True}
    with pytest.raises(ParameterError, match=r"from 0\.0 to 1\.0"):
        wishes(codec="strange", factor="2")
    with pytest.raises(ParameterError, match="expected a number"):
        wishes(codec="strange", factor="nan")


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize(("name", "value"), [("bits", "8"), ("arrangement", "luma")])
def test_a_feature_codec_has_no_mosaic(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match="no mosaic"):
        wishes(codec="strange", **{name: value})


def test_what_is_long_is_not_repeated() -> None:
    with pytest.raises(ParameterError) as caught:
        wishes(**{"x" * 5000: "1"})
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["top_k", "bits", "level", "timeout_ms", "score_threshold"])
@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_beyond_every_type(name: str, digits: int) -> None:
    with pytest.raises(ParameterError, match=name) as caught:
        wishes(**{name: "9" * digits})
    assert len(str(caught.value)) < 600
