"""The options of `trunkline sweep` and the settings they describe."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trunkline import codecs
from trunkline.errors import ParameterError
from trunkline.quantize import BITS
from trunkline.spelling import typed
from trunkline.tiling import ARRANGEMENTS
from trunkline.types import ParameterValue
from trunkline_benchmarks.sweep import presets, settings
from trunkline_benchmarks.sweep.settings import Setting
from trunkline_benchmarks.sweep.tasks import TASKS

RANGE = re.compile(r"(\d+)\.\.(\d+)(?:\.\.(\d+))?")
STEP = 10
MOST_VALUES = 1000


class _Begin(argparse.Action):
    """--codec and --picture begin a group."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:  # noqa: ANN401
        namespace.groups = [*namespace.groups, (self.dest, values, {})]


class _Add(argparse.Action):
    """--qp, --quality and --param belong to the group before them."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:  # noqa: ANN401
        if not namespace.groups:
            raise ParameterError(f"{option} stands before any codec: write --codec NAME {option}")
        _, codec, params = namespace.groups[-1]
        name, words = (self.dest, values) if self.dest != "param" else _pair(values)
        if name in params:
            raise ParameterError(f"{codec}: {name} is given twice: expected once, all its values")
        params[name] = words


def configure(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.set_defaults(groups=[])
    parser.add_argument("--data", type=Path, required=True, help=_DATA)
    parser.add_argument("--split", default="", help="part of the data (VOC: test, else val)")
    parser.add_argument("--limit", type=int, default=0, help="only N pictures, spread evenly")
    parser.add_argument("--task", choices=TASKS, default="classifier", help="(%(default)s)")
    parser.add_argument("--trunk", default="mobilenet_v2", help="trunk (%(default)s)")
    parser.add_argument("--weights", default="", metavar="SET", help="weight set (the trunk's own)")
    _settings(parser)
    parser.add_argument("--jobs", type=int, default=0, help="processes (one a core)")
    parser.add_argument("--output", type=Path, help="folder for results (out/sweep/...)")
    parser.add_argument("--cache", type=Path, help="folder for feature tensors (the user's cache)")
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")


_DATA = (
    "folder: one folder a class (WordNet ids, class numbers, labels), manifest.csv with path and "
    "class_index, or VOC's layout"
)


def _settings(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(presets.PRESETS)
    parser.add_argument(
        "--preset",
        action="append",
        default=[],
        help=f"settings by name: {names} (paper, where nothing else is asked for)",
    )
    parser.add_argument("--codec", action=_Begin, metavar="CODEC", help="code features with it")
    parser.add_argument(
        "--picture", action=_Begin, metavar="FORMAT", help="code the picture itself with it"
    )
    for name in settings.RATES:
        parser.add_argument(
            f"--{name}", action=_Add, nargs="+", metavar="N", help="of the codec before; 10..90, "
            "in steps of ten, or 10..90..5"
        )  # fmt: skip
    parser.add_argument(
        "--param", action=_Add, metavar="NAME=V,V", help="another parameter of the codec before"
    )
    parser.add_argument("--arrangement", nargs="+", choices=ARRANGEMENTS, default=["luma"])
    parser.add_argument("--bits", type=int, choices=BITS, default=8, help="(%(default)s)")


def asked(arguments: argparse.Namespace) -> list[Setting]:
    """The settings that the options name, each once, with the reference and the baseline.

    Raises ParameterError, UnknownNameError.
    """
    chosen = arguments.preset or ([] if arguments.groups else ["paper"])
    found: list[Setting] = []
    for name in chosen:
        found += presets.settings(name)
    for kind, codec, words in arguments.groups:
        params = {name: _values(name, given) for name, given in words.items()}
        if kind == "picture":
            found += settings.grid("picture", codec, params, [""])
        elif codecs.info(codec).kind == "feature":  # it has an arrangement of its own
            found += settings.grid("features", codec, params, [""])
        else:
            found += settings.grid("features", codec, params, arguments.arrangement, arguments.bits)
    found += [settings.REFERENCE, settings.BASELINE]
    return list({setting.key: setting for setting in found}.values())


def _pair(word: str) -> tuple[str, list[str]]:
    name, equals, values = word.partition("=")
    if not equals:
        raise ParameterError(f"--param {word!r}: expected NAME=VALUE or NAME=VALUE,VALUE")
    return name, values.split(",")


def _values(name: str, words: Sequence[str]) -> list[ParameterValue]:
    """Every value that the words stand for."""
    kind = codecs.parameter_types().get(name, "str")
    values: list[ParameterValue] = []
    for word in words:
        values += _range(name, word) if RANGE.fullmatch(word) else [typed(name, kind, word)]
    return values


def _range(name: str, word: str) -> list[ParameterValue]:
    """`A..B` or `A..B..STEP`, both ends included."""
    match = RANGE.fullmatch(word)
    first, last, step = (int(number or STEP) for number in match.groups()) if match else (0, 0, 0)
    if not first <= last or not step > 0 or (last - first) // step >= MOST_VALUES:
        raise ParameterError(f"{name} {word}: expected FIRST..LAST or FIRST..LAST..STEP, rising")
    return list(range(first, last + 1, step))
