"""`python -m tests.fuzz`: mutated frames of every codec through `pipeline.unpack`.

run      mutants number START to START + COUNT, or as many as MINUTES take; exits 1 on a finding
replay   one finding, or any serialised frame, in a process of its own
report   the figures of several runs added up
corpus   writes the seeds that are missing, after a codec or a setting was added
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from tests.fuzz import corpus, findings, run, seeds, tally
from tests.fuzz.crew import Crew
from tests.fuzz.judge import ALLOWED
from tests.fuzz.worker import Order
from trunkline import codecs


def main() -> int:
    """The command."""
    arguments = _parser().parse_args()
    return int(arguments.act(arguments))


def _run(arguments: argparse.Namespace) -> int:
    ids = arguments.codecs or [row.id for row in codecs.table() if row.available]
    plan = run.Plan(
        ids=tuple(sorted(ids)),
        seed=arguments.seed,
        start=arguments.start,
        count=arguments.count if arguments.count or arguments.minutes else 10_000,
        minutes=arguments.minutes,
        jobs=arguments.jobs,
        folder=arguments.findings,
        shared=not arguments.no_shared,
    )
    done = run.run(plan, progress=sys.stderr)
    if arguments.json:
        run.write_json(arguments.json, plan, done)
    print(done.tally.table())
    for line in done.lines:
        print(line[:300])
    return 1 if done.tally.total.forbidden else 0


def _replay(arguments: argparse.Namespace) -> int:
    worst = 0
    for path in arguments.files:
        with closing(Crew(Order(0, ()))) as crew:
            measured = crew.ask(findings.load(path))
            said = crew.said
        verdict = measured.verdict
        numbers = f"{measured.cpu_ms:.1f} ms, peak {measured.peak / 2**20:.1f} MB"
        print(f"{path.name}: {verdict.outcome}, {numbers} {verdict.detail}".rstrip())
        sys.stdout.write(said)
        worst |= verdict.outcome not in ALLOWED
    return worst


def _report(arguments: argparse.Namespace) -> int:
    total = tally.Tally()
    for path in arguments.files:
        total.merge(tally.read(path))
    print(total.table())
    return 1 if total.total.forbidden else 0


def _corpus(arguments: argparse.Namespace) -> int:
    for name in corpus.write(anew=arguments.anew):
        print(seeds.FOLDER / f"{name}.frame")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(required=True)
    _add_run(acts.add_parser("run"))
    replay = acts.add_parser("replay")
    replay.add_argument("files", nargs="+", type=Path)
    replay.set_defaults(act=_replay)
    report = acts.add_parser("report")
    report.add_argument("files", nargs="+", type=Path)
    report.set_defaults(act=_report)
    seeds_ = acts.add_parser("corpus")
    seeds_.add_argument("--anew", action="store_true", help="all seeds, not only missing ones")
    seeds_.set_defaults(act=_corpus)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=0, help="mutants (10000)")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so long")
    parser.add_argument("--start", type=int, default=0, help="number of the first mutant (0)")
    parser.add_argument("--seed", type=int, default=0, help="of all mutants (0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--codecs", nargs="+", help="ids (all that are installed)")
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"), help="their folder")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--no-shared", action="store_true", help="only the checked-in seeds")
    parser.set_defaults(act=_run)


if __name__ == "__main__":
    sys.exit(main())
