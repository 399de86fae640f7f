"""Equations 1 to 3: what tasks save by sharing a trunk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import ParameterError
from trunkline_benchmarks.plan import sharing
from trunkline_benchmarks.plan.sharing import Tails

MACS = st.integers(min_value=0, max_value=10**12)


@given(trunk=MACS, rests=st.lists(MACS, min_size=1, max_size=8))
def test_n_tasks_save_n_minus_1_trunks(trunk: int, rests: list[int]) -> None:
    saved = sharing.separate(trunk, rests) - sharing.shared(trunk, rests)
    assert saved == (len(rests) - 1) * trunk


@given(trunk=MACS, rests=st.lists(MACS, min_size=1, max_size=8), more=MACS)
def test_another_task_never_makes_sharing_cost(trunk: int, rests: list[int], more: int) -> None:
    before = sharing.separate(trunk, rests) - sharing.shared(trunk, rests)
    both = [*rests, more]
    assert sharing.separate(trunk, both) - sharing.shared(trunk, both) >= before


@given(trunk=st.integers(1, 10**12), rests=st.lists(MACS, min_size=1, max_size=8))
def test_percent_is_of_the_whole_networks(trunk: int, rests: list[int]) -> None:
    percent = sharing.saved_percent(trunk, rests)
    assert 0 <= percent < 100
    whole = len(rests) * trunk + sum(rests)
    assert percent == pytest.approx(100 * (len(rests) - 1) * trunk / whole)


def test_a_trunk_of_6_before_rests_of_2_and_4() -> None:
    # two networks of 8 and 10, shared 6 + 2 + 4 = 12 of 18
    assert sharing.saved_percent(6, [2, 4]) == pytest.approx(100 * 6 / 18)


def test_more_tasks_than_tails_are_those_in_turn() -> None:
    tails = Tails("two", 6, {"a": 2, "b": 4})
    assert tails.saved(2) == pytest.approx(100 * 6 / 18)
    assert tails.saved(3) == pytest.approx(100 * 12 / (3 * 6 + 2 + 4 + 2))


@pytest.mark.parametrize(("trunk", "rests"), [(0, [0, 0]), (5, []), (-1, [9]), (5, [-1, 9])])
def test_no_work_has_no_percentage(trunk: int, rests: list[int]) -> None:
    with pytest.raises(ParameterError, match="expected some work"):
        sharing.saved_percent(trunk, rests)


def test_a_table_shows_a_few_numbers_of_tasks() -> None:
    assert sharing.task_numbers(2) == [2]
    assert sharing.task_numbers(4) == [2, 3, 4]
    assert sharing.task_numbers(100) == [2, 3, 4, 50, 100]


@pytest.mark.parametrize("tasks", [1, 0, -3])
def test_one_task_shares_with_nobody(tasks: int) -> None:
    with pytest.raises(ParameterError, match=f"tasks is {tasks}: expected 2 to 1000"):
        sharing.task_numbers(tasks)
