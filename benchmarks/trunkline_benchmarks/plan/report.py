"""What was counted, measured and shared, as tables."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from trunkline_benchmarks.plan import layers, sharing
from trunkline_benchmarks.plan.counts import CutCount
from trunkline_benchmarks.plan.measure import Coding, Measured
from trunkline_benchmarks.plan.planning import NetworkPlan, Settings
from trunkline_benchmarks.plan.tables import Table

UNKNOWN = "-"


def counted(plan: NetworkPlan) -> Table:
    """Elements, multiply-accumulates and parameters on either side of each cut."""
    own = plan.own
    whole = own.macs_before + own.macs_after
    smaller = next(count.cut.name for count in plan.counts if count.cut.smaller)
    return Table(
        f"{plan.trunk}: {_giga(own.macs_before)} of {_giga(whole)} GMAC lie before {plan.cut}",
        ("cut", "tensor", "elements", "% of input", "GMAC before", "after", "Mpar before", "after"),
        [_counted_row(count, plan.cut, smaller) for count in plan.counts],
        (
            "Marks: * the trunk's cut; < the first with fewer elements than the picture, "
            f"{layers.INPUT_ELEMENTS}. 1 GMAC is 2 GFLOP of PyTorch's flop counter; Mpar: "
            "million parameters.",
        ),
    )


def measured(plan: NetworkPlan, found: Measured, settings: Settings) -> Table:
    """Bytes and milliseconds of each cut, of the picture itself and of the whole network."""
    jpeg = found.jpeg
    rows = [["picture as JPEG", *_coded(jpeg, jpeg), UNKNOWN, UNKNOWN]]
    for count in plan.counts:
        name = count.cut.name
        timing = found.timings[name]
        times = [_median(timing.before_ms), _median(timing.after_ms)]
        rows.append([name, *_coded(found.codings.get(name), jpeg), *times])
    rows.append(["whole network", *[UNKNOWN] * 4, _median(found.whole_ms), UNKNOWN])
    missing = [count.cut.name for count in plan.counts if count.cut.name not in found.codings]
    remarks = [*_how(settings), f"Bytes of {_joined(missing)} not measured: {found.why}."]
    return Table(
        f"{plan.trunk}/{plan.set}: bytes and milliseconds, measured here",
        ("cut", "bytes", "% of JPEG", "encode ms", "decode ms", "ms before", "ms after"),
        rows,
        remarks if missing else remarks[:-1],
    )


def shared(plan: NetworkPlan, tasks: int) -> Table:
    """Percent of the multiply-accumulates that sharing the trunk saves."""
    numbers = sharing.task_numbers(tasks)
    rows = []
    for tails in (*plan.published, *plan.stored):
        rests = " + ".join(_giga(rest) for rest in tails.rests.values())
        rows.append([tails.name, rests, *(f"{tails.saved(number):.2f}" for number in numbers)])
    text, abstract = sharing.PUBLISHED[plan.trunk]
    gap = [UNKNOWN] * (len(numbers) - 1)
    rows.append([f"as published ({abstract:.2f} in its abstract)", UNKNOWN, f"{text:.2f}", *gap])
    return Table(
        f"{plan.trunk}: percent of the multiply-accumulates that N tasks save by sharing its trunk",
        ("tasks", "GMAC behind the trunk", *(f"N={number}" for number in numbers)),
        rows,
        (
            "(N - 1) trunks of N whole networks, equations 1 to 3 of the published method; more "
            "tasks than are named are those in turn.",
            *(f"Not counted: {why}." for why in plan.uncounted),
        ),
    )


def _how(settings: Settings) -> list[str]:
    codec = settings.codec
    words = " ".join([codec.id, *(f"{key}={value}" for key, value in codec.params.items())])
    many = len(settings.pictures)
    return [
        f"Bytes are means over {many} pictures, of real tensors quantised, tiled and coded "
        f"({words}{', ' if codec.arrangement else ''}{codec.arrangement}), without the frame's "
        "other fields; JPEG is the picture at 224x224, quality 75.",
        f"Milliseconds are medians, one picture at a time: of {settings.rounds} rounds over all "
        f"networks on {settings.engine} (f32, threads: {settings.threads}; weights without "
        "meaning), of coding each picture once.",
    ]


def _counted_row(count: CutCount, own: str, smaller: str) -> list[str]:
    cut = count.cut
    marks = f"{'*' if cut.name == own else ''}{'<' if cut.name == smaller else ''}"
    return [
        f"{cut.name} {marks}".rstrip(),
        "x".join(map(str, cut.shape)),
        str(cut.elements),
        f"{100 * cut.elements / layers.INPUT_ELEMENTS:.1f}",
        *(_giga(macs) for macs in (count.macs_before, count.macs_after)),
        *(f"{many / 1e6:.3f}" for many in (count.parameters_before, count.parameters_after)),
    ]


def _coded(coding: Coding | None, jpeg: Coding) -> list[str]:
    """Bytes, percent of the JPEG, milliseconds of encoding and decoding."""
    if coding is None:
        return ["not measured", *[UNKNOWN] * 3]
    return [
        f"{coding.mean_bytes:.0f}",
        f"{100 * coding.mean_bytes / jpeg.mean_bytes:.1f}",
        _median(coding.encode_ms),
        _median(coding.decode_ms),
    ]


def _giga(macs: int) -> str:
    return f"{macs / 1e9:.3f}"


def _median(samples_ms: Sequence[float]) -> str:
    return f"{statistics.median(samples_ms):.1f}"


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names)
