"""The possible cuts of each network."""

from __future__ import annotations

import pytest

from trunkline import trunks
from trunkline.errors import UnknownNameError
from trunkline_benchmarks.plan import layers


@pytest.mark.parametrize("trunk", sorted(trunks.TRUNKS))
def test_the_products_cut_is_one_of_them(trunk: str) -> None:
    kind = trunks.kind(trunk)
    found = {cut.name: cut.shape for cut in layers.cuts(trunk)}
    assert found[kind.cut] == kind.shape


@pytest.mark.parametrize(
    ("trunk", "first", "elements"),
    [("vgg16", "pool4", 100_352), ("mobilenet_v2", "bottleneck3", 75_264)],
)
def test_the_first_cut_with_fewer_elements_than_the_picture(
    trunk: str, first: str, elements: int
) -> None:
    smaller = [cut for cut in layers.cuts(trunk) if cut.smaller]
    assert layers.INPUT_ELEMENTS == 150_528
    assert (smaller[0].name, smaller[0].elements) == (first, elements)


def test_elements_by_name_in_order() -> None:
    vgg16 = layers.layer_elements("vgg16")
    assert vgg16[:3] == [("conv1_1", 3_211_264), ("conv1_2", 3_211_264), ("pool1", 802_816)]
    assert vgg16[-1] == ("pool5", 25_088)
    names = [name for name, _ in layers.layer_elements("mobilenet_v2")]
    assert names == ["stem", *(f"bottleneck{number}" for number in range(2, 19))]


def test_an_unknown_trunk_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"'resnet50': expected one of mobilenet_v2, vgg16"):
        layers.cuts("resnet50")
