"""The results as plots, for each trunk: bytes against error and agreement, and against BPG's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trunkline.errors import MissingExtraError, ParameterError
from trunkline.files import write_bytes
from trunkline_benchmarks.bdrate import size_at
from trunkline_benchmarks.codecs import style
from trunkline_benchmarks.codecs.results import Point, Results
from trunkline_benchmarks.codecs.settings import RATE_BASELINE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curves = Mapping[str, Sequence[Point]]
FORMATS = ("png", "svg")
SIZE_INCHES = (12.0, 8.4)
DOTS_PER_INCH = 110
WORST_MSE, LEAST_MSE = 300.0, 0.1
LEAST_AGREEMENT = 50.0
RELATIVE_DB = (25.0, 45.0)
RELATIVE_MOST = 100.0
"""Percent more bytes than the baseline; beyond it a curve leaves the plot."""


def write(results: Results, folder: Path) -> list[Path]:
    """Write the plots into a folder as PNG and SVG; the files.

    Raises MissingExtraError, and TrunklineError where a file cannot be written.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtraError("plots", "bench") from error
    mpl.use("Agg")
    # text stays text, and the same results give the same file
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "trunkline", "font.size": 10})
    files: list[Path] = []
    for trunk, curves in results.curves.items():
        about = results.rate_header["trunks"][trunk]
        count = next(iter(curves.values()))[0].rate.count
        title = f"{trunk}, {about['cut']}: every codec over the mosaics of {count} pictures"
        stem = folder / file_stem(trunk)
        files += _figure(f"{stem}-error", title, curves, _error, _name)
        if about["tail"]:
            files += _figure(f"{stem}-agreement", title, curves, _agreement, _name_and_share)
        if RATE_BASELINE in curves:
            files += _figure(f"{stem}-relative", title, curves, _relative, None)
    return files


def file_stem(trunk: str) -> str:
    """How the files of a trunk's plots begin."""
    return trunk.replace("/", "-")


def _figure(
    stem: str,
    title: str,
    curves: Curves,
    draw: Callable[[Axes, Curves], None],
    label: Callable[[Point], str] | None,
) -> Iterator[Path]:
    """One figure; where lone points have a `label`, they stand in a strip below."""
    from matplotlib import pyplot

    lossy = {name: points for name, points in curves.items() if len(points) > 1}
    lone = [points[0] for points in curves.values() if len(points) == 1]
    rows, heights = (2, [1, 0.022 * len(lone) + 0.04]) if label and lone else (1, [1])
    figure, axes = pyplot.subplots(
        rows, squeeze=False, figsize=SIZE_INCHES, layout="constrained", height_ratios=heights
    )
    axes[0, 0].set_title(title)
    draw(axes[0, 0], lossy)
    if label and lone:
        _strip(axes[1, 0], lone, label)
    for each in axes.flat:
        each.grid(which="major", color="#cccccc", linewidth=0.7)
        each.grid(which="minor", color="#eeeeee", linewidth=0.5)
    figure.legend(loc="outside right upper", frameon=False, handlelength=3.2)
    for suffix in FORMATS:
        metadata = {"Date": None} if suffix == "svg" else {"Software": None}
        picture = BytesIO()
        figure.savefig(picture, format=suffix, dpi=DOTS_PER_INCH, metadata=metadata)
        path = Path(f"{stem}.{suffix}")
        write_bytes(path, picture.getvalue())
        yield path
    pyplot.close(figure)


def _error(axes: Axes, curves: Curves) -> None:
    """Bytes against mse, both logarithmic."""
    _bytes_axis(axes, [it for points in curves.values() for it in points if _in_view(it)])
    for points, look in style.styled(curves):
        axes.plot(*_columns(points, [point.rate.mse for point in points]), **look)
    axes.set_yscale("log")
    axes.set_ylim(LEAST_MSE, WORST_MSE)
    axes.set_ylabel("mean squared error of the mosaic, 8-bit samples")


def _agreement(axes: Axes, curves: Curves) -> None:
    """Bytes against the share of pictures that keep their best class."""
    seen = [it for points in curves.values() for it in points if _share(it) >= LEAST_AGREEMENT]
    _bytes_axis(axes, seen)
    for points, look in style.styled(curves):
        axes.plot(*_columns(points, [_share(point) for point in points]), **look)
    axes.set_ylim(LEAST_AGREEMENT, 101)
    axes.set_ylabel("same Top-1 as the uncompressed tensor, % of pictures")


def _relative(axes: Axes, curves: Curves) -> None:
    """How many per cent more bytes than the baseline at the same PSNR."""
    decibels = np.linspace(*RELATIVE_DB, 161)
    baseline = _sizes(curves[RATE_BASELINE], decibels)
    lowest = 0.0
    for points, look in style.styled(curves):
        percent = 100 * (_sizes(points, decibels) / baseline - 1)
        lowest = min([lowest, *percent[np.isfinite(percent)]])
        axes.plot(decibels, percent, **{**look, "markevery": 16})
    axes.set_xlim(*RELATIVE_DB)
    axes.set_ylim(lowest - 4, min(axes.get_ylim()[1], RELATIVE_MOST))
    axes.set_xlabel("PSNR of the mosaic, dB")
    axes.set_ylabel(f"bytes against {RATE_BASELINE} at the same PSNR, %")


def _sizes(points: Sequence[Point], decibels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Bytes at each PSNR; NaN where the curve has none."""
    known = [(it.rate.bytes, it.rate.psnr) for it in points if it.rate.psnr is not None]
    try:
        sizes = [size_at(known, quality) for quality in decibels.tolist()]
    except ParameterError:  # too few points for a curve
        sizes = [None] * len(decibels)
    return np.array([np.nan if size is None else size for size in sizes])


def _strip(axes: Axes, lone: Sequence[Point], label: Callable[[Point], str]) -> None:
    """Curves of one point, a row each, named beside it."""
    _bytes_axis(axes, lone)
    for row, point in enumerate(reversed(lone)):
        axes.plot([point.rate.bytes], [row], "D", color=style.colour(point), markersize=5)
        axes.annotate(
            label(point),
            (point.rate.bytes, row),
            xytext=(-8, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=9,
        )
    left, right = axes.get_xlim()
    axes.set_xlim(left / 3, right)  # room for the names
    axes.set_ylim(-0.7, len(lone) - 0.3)
    axes.set_yticks([])
    axes.set_ylabel("one setting")


def _bytes_axis(axes: Axes, seen: Sequence[Point]) -> None:
    from matplotlib.ticker import LogLocator

    sizes = [point.rate.bytes for point in seen]
    axes.set_xscale("log")
    if sizes:
        axes.set_xlim(min(sizes) / 1.1, max(sizes) * 1.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace(",", " "))
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    axes.set_xlabel("mean payload, bytes a picture")


def _columns(points: Sequence[Point], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Bytes ascending, and the values that belong to them."""
    pairs = sorted(zip((point.rate.bytes for point in points), values, strict=True))
    return [size for size, _ in pairs], [value for _, value in pairs]


def _in_view(point: Point) -> bool:
    return LEAST_MSE <= point.rate.mse <= WORST_MSE


def _share(point: Point) -> float:
    return point.rate.agreement or 0.0


def _name(point: Point) -> str:
    exact = ", lossless" if point.rate.mse == 0 and "lossless" not in point.curve else ""
    return f"{point.curve}{exact}"


def _name_and_share(point: Point) -> str:
    return f"{_name(point)}: {_share(point):.1f} %"
