"""Pictures that are mixed two by two, and the shares that a loss takes from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from trunkline_training.train.mixing import Mixing, Pixels

SIZE = (24, 36)
ALPHAS = st.sampled_from([0.2, 1.0, 5.0])


def plain(count: int = 4) -> Pixels:
    """Pictures of one value each: 0, 1, 2 ..."""
    values = np.arange(count, dtype=np.float32)[:, None, None, None]
    return np.tile(values, (1, 3, *SIZE))


@given(ALPHAS, st.integers(0, 2**32 - 1), st.integers(0, 10**6))
def test_the_share_is_what_was_mixed(alpha: float, seed: int, step: int) -> None:
    for mixing in (Mixing(alpha, 0, seed), Mixing(0, alpha, seed), Mixing(alpha, alpha, seed)):
        pixels = plain()
        mixed = mixing(step, pixels)
        share = mixing.share(step, SIZE)
        assert 0 <= share <= 1
        wanted = share * pixels + (1 - share) * pixels[::-1]
        np.testing.assert_allclose(
            mixed.mean(axis=(1, 2, 3)), wanted.mean(axis=(1, 2, 3)), atol=1e-5
        )
        np.testing.assert_array_equal(mixed, mixing(step, plain()))
        np.testing.assert_array_equal(pixels, plain())


@given(st.integers(0, 10**6))
def test_cutmix_puts_a_rectangle_of_the_other_into_each(step: int) -> None:
    mixed = Mixing(0, 1.0, 1)(step, plain())
    for own, (picture, other) in enumerate(zip(mixed, [3, 2, 1, 0], strict=True)):
        foreign = picture[0] == other
        assert np.all(foreign | (picture[0] == own))
        assert np.all(picture == picture[:1])
        rows, columns = foreign.any(axis=1), foreign.any(axis=0)
        np.testing.assert_array_equal(foreign, np.outer(rows, columns))


def test_both_take_turns() -> None:
    mixing = Mixing(1.0, 1.0, 1)
    cut = [bool(np.all(np.isin(mixing(step, plain()), range(4)))) for step in range(200)]
    assert 70 < sum(cut) < 130


def test_nothing_is_mixed_outside_of_steps_and_without_an_alpha() -> None:
    assert Mixing(1.0, 1.0, 1).share(-1, SIZE) == 1
    assert Mixing(0, 0, 1).share(3, SIZE) == 1
    assert not Mixing(0, 0, 1)
    assert Mixing(0, 0.1, 1)
