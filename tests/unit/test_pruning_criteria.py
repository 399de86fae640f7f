"""What filters are worth, against known answers; settings of prunings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import ParameterError, UnknownNameError
from trunkline_training.pruning import criteria
from trunkline_training.pruning.masks import budget
from trunkline_training.pruning.module_settings import ModulePruning
from trunkline_training.pruning.settings import TailPruning, TrunkPruning
from trunkline_training.train import options

KINDS = {"prune-tail": TailPruning, "prune-trunk": TrunkPruning, "prune-module": ModulePruning}


def test_l1_is_the_sum_of_absolute_weights() -> None:
    weight = np.zeros((3, 2, 1, 2), np.float32)
    weight[1], weight[2] = [[[1, -2]], [[3, 0]]], -1
    assert criteria.get("l1", 1).scores("a", weight).tolist() == [0, 6, 4]


@given(st.integers(0, 5), st.integers(1, 6), st.integers(0, 1000))
def test_a_sum_of_outer_products_has_their_number_as_its_rank(
    rank: int, pictures: int, seed: int
) -> None:
    """HRank of maps of known ranks; the mean over pictures is what counts."""
    rng = np.random.default_rng(seed)
    # integers, whose products are exact and, of different columns of a triangle, independent
    left = np.tril(rng.integers(1, 4, (7, 7)))[:, :rank]
    right = np.triu(rng.integers(1, 4, (8, 8)))[:rank]
    maps = np.zeros((pictures, 2, 7, 8), np.float32)
    maps[:, 1] = left @ right
    found = criteria.get("hrank", 1).of_maps(maps)
    assert found.shape == (pictures, 2)
    assert found[:, 0].tolist() == [0] * pictures
    assert found[:, 1].tolist() == [rank] * pictures


def test_random_scores_follow_from_seed_and_layer() -> None:
    weight = np.zeros((50, 1, 1, 1), np.float32)
    first = criteria.get("random", 1).scores("a", weight)
    assert first.tolist() == criteria.get("random", 1).scores("a", weight).tolist()
    others = [criteria.get("random", 2).scores("a", weight)]
    others += [criteria.get("random", 1).scores("b", weight)]
    assert all(abs(np.corrcoef(first, other)[0, 1]) < 0.5 for other in others)


def test_only_what_looks_at_maps_takes_them() -> None:
    assert [name for name in criteria.CRITERIA if criteria.get(name, 1).seen] == ["hrank"]
    assert [name for name in criteria.CRITERIA if criteria.get(name, 1).heard] == ["energy"]
    with pytest.raises(NotImplementedError, match="L1 looks at no feature maps"):
        criteria.get("l1", 1).of_maps(np.zeros((1, 1, 1, 1)))
    with pytest.raises(NotImplementedError, match="L1 looks at no readers"):
        criteria.get("l1", 1).of_reader(np.zeros((1, 1, 1)), np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="HRank does not look at weights alone"):
        criteria.get("hrank", 1).scores("a", np.zeros((1, 1, 1, 1)))


@given(st.lists(st.floats(0.1, 4), min_size=2, max_size=5))
def test_energy_is_the_share_of_a_readers_variance(deviations: list[float]) -> None:
    """Independent channels, a 1x1 reader: the shares sum to one."""
    variances = np.array(deviations) ** 2
    weight = np.array([[1.0] * len(variances), [2.0] * len(variances)])[:, :, None]
    found = criteria.get("energy", 1).of_reader(weight, np.diag(variances))
    assert found == pytest.approx(variances / variances.sum())
    unread = weight.copy()
    unread[:, 0] = 0
    assert criteria.get("energy", 1).of_reader(unread, np.diag(variances))[0] == 0
    assert criteria.get("energy", 1).of_reader(weight, np.zeros((len(variances),) * 2)).sum() == 0


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="'size': expected one of energy, hrank, l1, random"):
        criteria.get("size", 1)
    with pytest.raises(UnknownNameError, match="'long': expected one of full, quick, small"):
        budget.get("long")


@pytest.mark.parametrize("kind", KINDS)
def test_every_preset_is_one_that_can_be_had(kind: str) -> None:
    own = {"detector"} if kind == "prune-tail" else set()
    assert {"quick", "small"} | own == set(options.presets(kind))
    for preset in options.presets(kind):
        options.collect(KINDS[kind], kind, preset, None, {})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "give --macs-removed or --parameters-removed"),
        ({"macs_removed": 0.1, "parameters_removed": 0.1}, "give --macs-removed or"),
        ({"data": ()}, "data is not set"),
        ({"macs_removed": 0.3, "criterion": "masks", "replace": "double"}, "set replace to none"),
    ],
)
def test_what_is_missing_or_contradictory(words: dict[str, object], message: str) -> None:
    given = {"data": ("x",), "run": "x", "output": "x", **words}
    with pytest.raises(ParameterError, match=message):
        ModulePruning(**given).ready()  # type: ignore[arg-type]


def test_more_than_all_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"macs_removed is 1.0: expected float from 0 to 0.99"):
        TailPruning(macs_removed=1.0)
