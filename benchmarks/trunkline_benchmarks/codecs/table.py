"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from trunkline.errors import ParameterError
from trunkline_benchmarks.bdrate import delta_rate, size_at
from trunkline_benchmarks.codecs.plot import file_stem
from trunkline_benchmarks.codecs.results import Point, Results, Times
from trunkline_benchmarks.codecs.settings import RATE_BASELINE, TIME_BASELINE
from trunkline_benchmarks.shards import Row

USEFUL_DB = (28.0, 40.0)
"""Below, answers change; above, they do not get any better."""
LIKE_DB = 33.0
"""The PSNR that the summary gives bytes and times for, between the settings on either side."""
NONE = "–"


def document(results: Results, plots: Sequence[Path] = ()) -> str:
    """The whole page, with those plots beside it that are PNG."""
    header = results.rate_header
    lines = ["# Codecs over feature mosaics", "", *_conditions(results)]
    for trunk, curves in results.curves.items():
        about = header["trunks"][trunk]
        shape = " x ".join(str(side) for side in about["shape"])
        count = next(iter(curves.values()))[0].rate.count
        lines += ["", f"## {trunk}, {about['cut']} ({shape}), {count} pictures", ""]
        if not about["tail"]:
            lines += ["No classifier tail for this trunk: bytes and error only.", ""]
        lines += _summary(curves)
        lines += _shown(trunk, plots)
        lines += ["", f"### {trunk}: every setting", "", *_settings(curves)]
    if results.containers:
        lines += ["", "## Containers: next to nothing in them", "", *_containers(results)]
    return "\n".join(lines) + "\n"


def _shown(trunk: str, plots: Sequence[Path]) -> Iterator[str]:
    for path in plots:
        if path.suffix == ".png" and path.name.startswith(f"{file_stem(trunk)}-"):
            kind = path.stem.rpartition("-")[2]
            yield from ("", f"![{trunk}: {kind}]({path.name})")


def _conditions(results: Results) -> Iterator[str]:
    header = results.rate_header
    yield from _made("Bytes, errors, agreement", header)
    if results.times_header is not None:
        yield ""
        yield from _made("Times (one process, one thread, one core)", results.times_header)
    if header["missing"]:
        yield ""
        yield f"Not installed, so not measured: {', '.join(header['missing'])}."
    yield ""
    timed = max((it.times.count for it in _points(results) if it.times), default=0)
    yield (
        "Means over pictures. mse, PSNR (of the mean mse) and largest error are those of the "
        "mosaic's samples, in units of 8-bit samples whatever their depth; agreement is the share "
        "of pictures whose best class is that of the uncompressed tensor. Delta rates "
        f"(Bjøntegaard, PCHIP) are bytes against PSNR, against `{RATE_BASELINE}`: negative is "
        f"fewer bytes. Times are medians [5th to 95th percentile] over {timed} pictures of coding "
        f"and decoding alone, in the summary at {LIKE_DB:g} dB, linear between the timed settings; "
        f"ratios medians over pictures of times against `{TIME_BASELINE}`."
    )


def _points(results: Results) -> Iterator[Point]:
    return (point for curves in results.curves.values() for it in curves.values() for point in it)


def _made(what: str, header: Row) -> Iterator[str]:
    machine = header["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    yield (
        f"{what}: `{header['command']}`, pictures of {header['images']}; {machine['cpu']}, "
        f"{machine['cores']} cores, load {machine['load_1min']:.1f}, {machine['utc']}; Python "
        f"{machine['python']}, {packages}."
    )


def _summary(curves: dict[str, list[Point]]) -> Iterator[str]:
    low, high = USEFUL_DB
    yield (
        f"| curve | BD-rate, {low:g} to {high:g} dB | BD-rate, common range | bytes at {LIKE_DB:g} "
        "dB | timed at | encode ms | decode ms | x encode | x decode |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    baseline = curves.get(RATE_BASELINE, [])
    for name, points in curves.items():
        cells = [
            _delta(baseline, points, USEFUL_DB),
            _delta(baseline, points, None),
            _bytes(_at_quality(points)),
            *_timed(points),
        ]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _at_quality(points: Sequence[Point]) -> float | None:
    """Bytes at LIKE_DB; those of a lossless curve's only point."""
    if len(points) == 1:
        return points[0].rate.bytes
    try:
        return size_at(_rated(points), LIKE_DB)
    except ParameterError:  # too few different qualities
        return None


def _bytes(size: float | None) -> str:
    return NONE if size is None else f"{size:.0f}"


def _delta(
    anchor: Sequence[Point], test: Sequence[Point], within: tuple[float, float] | None
) -> str:
    try:
        found = delta_rate(_rated(anchor), _rated(test), within)
    except ParameterError:  # too few points, or no quality in common
        return NONE
    if within == (found.low, found.high):
        return f"{found.percent:+.1f} %"
    return f"{found.percent:+.1f} % ({found.low:.1f} to {found.high:.1f} dB)"


def _rated(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(it.rate.bytes, it.rate.psnr) for it in points if it.rate.psnr is not None]


def _timed(points: Sequence[Point]) -> list[str]:
    """Where times are of, and the times: at LIKE_DB where points were timed on either side."""
    timed = [(point, point.times) for point in points if point.times is not None]
    if not timed:
        return [NONE] * 5
    rated = sorted(
        ((it[0].rate.psnr, it[1]) for it in timed if it[0].rate.psnr is not None),
        key=lambda it: it[0],
    )
    if rated and rated[0][0] <= LIKE_DB <= rated[-1][0]:
        return [f"{LIKE_DB:g} dB", *_shown_times(_between(rated))]
    point, times = min(timed, key=lambda it: abs((it[0].rate.psnr or 0) - LIKE_DB))
    decibels = "lossless" if point.rate.psnr is None else f"{point.rate.psnr:.1f} dB"
    return [f"{point.setting['point']}, {decibels}".removeprefix(", "), *_shown_times(times)]


def _between(rated: Sequence[tuple[float, Times]]) -> Times:
    """Times at LIKE_DB, linear in decibels between the timed points, rising in PSNR."""

    def at_like(*values: float) -> float:
        return float(np.interp(LIKE_DB, [psnr for psnr, _ in rated], values))

    found = [times for _, times in rated]
    return Times(
        count=found[0].count,
        encode_ms=_three(at_like(*(it.encode_ms[place] for it in found)) for place in range(3)),
        decode_ms=_three(at_like(*(it.decode_ms[place] for it in found)) for place in range(3)),
        encode_ratio=at_like(*(it.encode_ratio for it in found)),
        decode_ratio=at_like(*(it.decode_ratio for it in found)),
    )


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    low, median, high = values
    return low, median, high


def _shown_times(times: Times) -> list[str]:
    ratios = [f"{times.encode_ratio:.2g}", f"{times.decode_ratio:.2g}"]
    return [_spread(times.encode_ms), _spread(times.decode_ms), *ratios]


def _spread(ms: tuple[float, float, float]) -> str:
    low, median, high = ms
    return f"{median:.3g} [{low:.3g} to {high:.3g}]"


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.1f} %"


def _settings(curves: dict[str, list[Point]]) -> Iterator[str]:
    yield "| setting | bytes | mse | PSNR | largest error | agreement | encode ms | decode ms |"
    yield "|---|---|---|---|---|---|---|---|"
    for point in (point for points in curves.values() for point in points):
        rate, times = point.rate, point.times
        cells = [
            f"{rate.bytes:.0f}",
            f"{rate.mse:.3g}",
            "lossless" if rate.psnr is None else f"{rate.psnr:.2f}",
            f"{rate.max_error:.3g}",
            _percent(rate.agreement),
            *([NONE, NONE] if times is None else map(_spread, (times.encode_ms, times.decode_ms))),
        ]
        yield f"| {point.setting['name']} | " + " | ".join(cells) + " |"


def _containers(results: Results) -> Iterator[str]:
    yield "| setting | bytes of a grey 112 x 224 picture | bytes of the smallest grey square |"
    yield "|---|---|---|"
    for row in results.containers:
        side = row["smallest_side"]
        yield (
            f"| {row['container']} | {row['constant_bytes']} | "
            f"{row['smallest_bytes']} ({side} x {side}) |"
        )
