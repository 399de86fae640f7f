"""The command line of `python -m trunkline_benchmarks.codecs`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trunkline import codecs
from trunkline.errors import TrunklineError, UnknownNameError
from trunkline.files import make_folder, write_bytes
from trunkline_benchmarks.codecs import inputs, passes, plot, results, table
from trunkline_benchmarks.codecs.passes import Run
from trunkline_benchmarks.features import FeatureCache

OUTPUT = Path("benchmarks/results/codecs")
PAGE = "README.md"
INTERRUPTED = 130

DESCRIPTION = """\
Bytes, error, agreement of the classifier's answers and times of every codec over the feature
mosaics of real pictures. Two passes: bytes and answers in any number of processes, then times in
one alone; the machine should have nothing else to do then. The same command takes an ended run up
again. Raw rows, a table and plots go to the output folder."""


def parser() -> argparse.ArgumentParser:
    """All options."""
    options = argparse.ArgumentParser(
        prog="python -m trunkline_benchmarks.codecs", description=DESCRIPTION
    )
    add = options.add_argument
    add(
        "--images",
        default=inputs.DEFAULT,
        metavar="DIR",
        help="folder of pictures (default: TRUNKLINE_SHARED's validation set, else the demo's)",
    )
    add(
        "--trunks",
        nargs="+",
        default=inputs.TRUNKS,
        metavar="TRUNK[/SET]",
        help=f"whose features (default: {' '.join(inputs.TRUNKS)})",
    )
    add("--codecs", nargs="+", metavar="ID", help="which codecs (default: all there are)")
    add("--limit", type=int, default=0, help="this many pictures, evenly spread (0: all)")
    add("--times-limit", type=int, default=100, help="pictures that are timed (%(default)s)")
    add("--jobs", type=int, default=1, help="processes of the first pass (%(default)s)")
    add("--output", type=Path, default=OUTPUT, metavar="DIR", help="(%(default)s)")
    add("--cache", type=Path, metavar="DIR", help="where features are kept (the user's cache)")
    some = options.add_mutually_exclusive_group()
    some.add_argument("--no-times", action="store_true", help="the first pass only")
    some.add_argument("--only-times", action="store_true", help="the second pass only")
    some.add_argument(
        "--only-report", action="store_true", help="table and plots of the rows that there are"
    )
    return options


def main(argv: list[str] | None = None) -> int:
    """Measure and report; errors are one line on stderr and exit code 1."""
    arguments = parser().parse_args(argv)
    try:
        make_folder(arguments.output)
        if not arguments.only_report:
            _measure(arguments)
        _report(arguments.output)
    except TrunklineError as error:
        print(f"codecs: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _measure(arguments: argparse.Namespace) -> None:
    known = {info.id: info for info in codecs.table()}
    wanted = arguments.codecs or list(known)
    for id in wanted:
        if id not in known:
            raise UnknownNameError("codec", id, list(known))
    missing = [f"{id} (trunkline[{known[id].extra}])" for id in wanted if not known[id].available]
    for text in missing:
        print(f"not installed, left out: {text}", file=sys.stderr)
    pictures = inputs.find(arguments.images, arguments.limit)
    cache = FeatureCache(arguments.cache)
    run = Run(
        pictures=pictures,
        sources=[inputs.source(name, pictures.paths, cache) for name in arguments.trunks],
        codecs=[id for id in wanted if known[id].available],
        missing=missing,
        output=arguments.output,
    )
    if not arguments.only_times:
        passes.rates(run, arguments.jobs)
    if not arguments.no_times:
        passes.timings(run, arguments.times_limit)


def _report(output: Path) -> None:
    """Table and plots; raises TrunklineError where there are no rows yet."""
    found = results.read(output / passes.RATE, output / passes.TIMES)
    plots = plot.write(found, output)
    write_bytes(output / PAGE, table.document(found, plots).encode())
    for path in (output / PAGE, *plots):
        print(path)
