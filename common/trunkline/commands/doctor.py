"""`trunkline doctor`: what this installation has, and what it lacks."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from trunkline.command import Command
from trunkline.errors import TrunklineError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 0 where the line can run, else 1."""
    findings = examine()
    if arguments.json:
        print(json.dumps(findings, indent=2))
    else:
        print("\n".join(_lines(findings)))
    return 0 if not findings["problems"] else 1


def examine() -> dict[str, Any]:
    """Versions, commands, engines, codecs, models, and what keeps the line from running."""
    commands, engines, models = _commands(), _engines(), _models()
    problems = [f"model {name}: {state}" for name, state in models.items() if state != "ok"]
    problems += [
        f"command {name} {commands[name]}"
        for name in ("edge", "task")
        if commands.get(name) != "ok"
    ]
    if not models:
        problems.append("the model store is empty: install the released package, or build a set")
    return {
        "trunkline": version("trunkline"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "commands": commands,
        "engines": engines,
        "codecs": _codecs(),
        "models": models,
        "problems": problems,
        "without": _without(),
    }


def _commands() -> dict[str, str]:
    from trunkline.cli import find_commands

    return {name: command.lack or "ok" for name, command in find_commands().items()}


def _engines() -> dict[str, str]:
    from trunkline.engines import ENGINES

    return {name: "ok" if find_spec(name) else "not installed" for name in sorted(ENGINES)}


def _codecs() -> dict[str, str]:
    from trunkline import codecs

    return {
        info.id: "ok" if info.available else f"needs trunkline[{info.extra}]"
        for info in codecs.table()
    }


def _without() -> list[str]:
    """What this installation does not do, and which extra brings it."""
    from trunkline import codecs

    missing = [
        f"codec {info.id} (trunkline[{info.extra}])"
        for info in codecs.table()
        if not info.available
    ]
    return missing + ([] if find_spec("pillow_heif") else ["HEIC pictures (trunkline[hevc])"])


def _models() -> dict[str, str]:
    """Every file of the model store, checked against its sha256."""
    from trunkline.weights.store import ModelStore

    store = ModelStore.default()
    states = {str(path): problem for path, problem in store.damaged().items()}
    for manifest in store.manifests():
        owner = f"{manifest.trunk.name}/{manifest.trunk.set}"
        for part, entry in [("trunk", manifest.trunk), *((t.task, t) for t in manifest.tails)]:
            states[f"{owner}/{part}"] = _state(entry.verified_path)
    return states


def _state(check: Callable[[], object]) -> str:
    """`ok`, or what the check found."""
    try:
        check()
    except TrunklineError as error:
        return str(error)
    return "ok"


def _lines(findings: dict[str, Any]) -> list[str]:
    lines = [
        f"trunkline {findings['trunkline']}, Python {findings['python']}, {findings['machine']}"
    ]
    for title in ("commands", "engines", "codecs", "models"):
        lines.append(title)
        lines += [f"  {name:<34} {state}" for name, state in findings[title].items()]
    problems = [f"problem: {text}" for text in findings["problems"]]
    without = ", ".join(findings["without"])
    fine = f"the line can run; without {without}" if without else "everything is in place"
    return [*lines, *(problems or [fine])]


command = Command(help="what this installation has and lacks", configure=configure, run=run)
