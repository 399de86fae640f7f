"""`trunkline task rank`: which source network suits a folder of pictures, before any training."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trunkline.command import Command
from trunkline_training.making.commands.check import SEED, SHARE
from trunkline_training.progress import say

if TYPE_CHECKING:
    from trunkline_training.making.choosing.advice import Advice
    from trunkline_training.making.choosing.candidates import Candidate
    from trunkline_training.making.choosing.rank import Scored
    from trunkline_training.making.pictures.inspection import Item

REQUIRES = ("torch", "onnxruntime", "imagehash")


def configure(parser: argparse.ArgumentParser) -> None:
    """The pictures, what else is a source, and where the names' vectors come from."""
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="one folder a class"
    )
    parser.add_argument(
        "--source",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="a packaged classifier beside those of the model store; may be given several times",
    )
    parser.add_argument(
        "--words",
        type=Path,
        metavar="FILE",
        help="word vectors, as text of word2vec or GloVe (default: the sentence encoder MiniLM)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most N pictures of a class")
    parser.add_argument(
        "--random-classes",
        type=int,
        metavar="N",
        help="of the random tail beside them (default: as many as the first source has; 0: none)",
    )
    parser.add_argument("--test-share", type=float, default=SHARE, help="left out (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of the engine (0: all cores)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the candidates, the best by EMD first, and what to make of it."""
    from trunkline_training.making.choosing import advice, rank, words

    start = time.monotonic()
    items = _items(arguments)
    candidates = _candidates(arguments)
    provider = words.load("file" if arguments.words else "minilm", arguments.words, say)
    measured = advice.ordered(rank.measure(candidates, items, provider))
    scored = [found.scored for found in measured]
    advised = advice.advise(measured)
    classes = len({item.label for item in items})
    if arguments.json:
        print(json.dumps(_document(scored, advised, classes, provider.origin)))
    else:
        print(f"{len(items)} pictures of {classes} classes; names by {provider.origin}")
        print("\n".join([*_table(scored), advised.text]))
    say(f"took {time.monotonic() - start:.1f} s")
    return 0


def _items(arguments: argparse.Namespace) -> Sequence[Item]:
    """What a task would learn from."""
    from trunkline_training.making.pictures import selection

    report = selection.sound(arguments.images)
    return selection.learnt(
        report.usable, arguments.test_share, arguments.seed, limit=arguments.limit
    )


def _candidates(arguments: argparse.Namespace) -> list[Candidate]:
    """The store's, the packaged ones, and the random tail behind the first one's trunk."""
    from trunkline.weights.store import ModelStore
    from trunkline_training.making.choosing import candidates, control

    store = ModelStore.default()
    for path, reason in store.damaged().items():
        say(f"warning: {path} is left out: {reason}")
    sources = candidates.Sources(store, arguments.threads)
    found = [*sources.stored(), *map(sources.packaged, dict.fromkeys(arguments.source))]
    labels, wanted = candidates.labels_of(found), arguments.random_classes
    classes = len(labels) if wanted is None else wanted
    if classes:
        trunk, seed = found[0].trunk, arguments.seed
        found.append(control.random_tail(trunk, labels, classes, seed, arguments.threads))
    return found


def _table(scored: Sequence[Scored]) -> list[str]:
    wide = max(len("source"), *(len(row.name) for row in scored))
    heads = ("classes", "EMD", "a picture", "softmax", "a picture")
    lines = [f"{'source':{wide}}" + "".join(f"{head:>12}" for head in heads)]
    for row in scored:
        lines.append(
            f"{row.name:{wide}}{row.classes:12}{row.emd:12.2f}{row.emd_mean:12.4f}"
            f"{row.softmax:12.2f}{row.softmax_mean:12.4f}"
        )
    return [*lines, "EMD: lower is better; softmax: higher is better"]


def _document(
    scored: Sequence[Scored], advised: Advice, classes: int, origin: str
) -> dict[str, Any]:
    rows = [
        {**dataclasses.asdict(row), "softmax_mean": row.softmax_mean, "emd_mean": row.emd_mean}
        for row in scored
    ]
    return {
        "pictures": scored[0].pictures,
        "classes": classes,
        "words": origin,
        "candidates": rows,
        "advice": dataclasses.asdict(advised),
    }


command = Command(
    help="which source network suits a folder of pictures, before any training",
    configure=configure,
    run=run,
    extra="rank",
    requires=REQUIRES,
)
