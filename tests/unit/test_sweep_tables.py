"""Tables in both forms, and the published figures as they were printed."""

from __future__ import annotations

import pytest

from trunkline_benchmarks.sweep import published
from trunkline_benchmarks.sweep.table import Table, changed, number, signed
from trunkline_benchmarks.sweep.tasks import Change

TABLE = Table(
    "Sizes & scores",
    ["qp", "bytes", "Top-1 %", "bytes"],
    [["10", "1 <k", "67.85", "–"]],
    "A note.",
    (("paper", 2), ("ours", 1)),
)


def test_markdown() -> None:
    """A group's name stands before its columns'."""
    assert TABLE.markdown() == [
        "### Sizes & scores",
        "",
        "| qp | paper bytes | paper Top-1 % | ours bytes |",
        "|---|---:|---:|---:|",
        "| 10 | 1 <k | 67.85 | – |",
        "",
        "A note.",
        "",
    ]


def test_html() -> None:
    """Escaped; groups span their columns."""
    html = TABLE.html()
    assert "<h3>Sizes &amp; scores</h3>" in html
    assert '<th colspan="2" scope="colgroup">paper</th><th colspan="1"' in html
    assert '<th scope="row">10</th><td>1 &lt;k</td><td>67.85</td><td>–</td>' in html


def test_numbers() -> None:
    """A minus that is one; nothing is not nought."""
    assert [number(None), number(1234.56, 0), number(0.5)] == ["–", "1235", "0.50"]
    assert [signed(-2.591), signed(0.004), signed(-0.004), signed(3)] == [
        "−2.59", "0.00", "0.00", "+3.00",
    ]  # fmt: skip
    assert changed(Change(-2.5, -3.25, 0.001)) == "−2.50 [−3.25, 0.00]"
    assert changed(None) == "–"


@pytest.mark.parametrize(
    ("trunk", "percent", "top1", "change"),
    [("vgg16", 63.81, 68.39, -2.11), ("mobilenet_v2", 31.30, 65.27, -2.59)],
)
def test_the_published_operating_point(
    trunk: str, percent: float, top1: float, change: float
) -> None:
    """BPG at qp 35: 6.2 and 3.04 kB."""
    bpg, webp = published.tables("classifier", trunk)
    assert [bpg.number, bpg.rate, webp.number, webp.rate] == [6, "qp", 7, "quality"]
    (row,) = [row for row in bpg.rows if row["value"] == 35]
    assert (row["percent"], row["top1"]) == (percent, top1)
    base = published.accuracy(trunk, "top1")
    assert base is not None
    assert row["top1"] - base[0] == pytest.approx(change)


def test_published_sizes() -> None:
    """9.7 and 9.0 kB a JPEG, 3.0 kB a frame of ImageNet's."""
    imagenet = published.sizes("classifier", "mobilenet_v2")
    voc = published.sizes("ssd", "mobilenet_v2")
    assert imagenet is not None
    assert voc is not None
    assert imagenet.jpeg_bytes == pytest.approx(9709, abs=1)
    assert imagenet.png_bytes == pytest.approx(20320, abs=1)
    assert voc.jpeg_bytes == pytest.approx(8980, abs=1)
    assert 0.3130 * imagenet.jpeg_bytes == pytest.approx(3039, abs=1)


def test_published_detection() -> None:
    """Tables 8 and 9, with as many rows as were printed."""
    bpg, webp = published.tables("ssd", "mobilenet_v2")
    assert [(bpg.number, len(bpg.rows)), (webp.number, len(webp.rows))] == [(8, 6), (9, 9)]
    assert [row["map"] for row in bpg.rows] == [61.09, 61.07, 60.59, 59.39, 50.62, 2.37]
    assert published.tables("tensor", "mobilenet_v2") == []
    assert published.sizes("classifier", "resnet50") is None
    assert "Hiraga, Nakada, Nakashima" in published.source()
