"""`trunkline weights list|fetch|verify|build|path`: the door to the model store."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from trunkline.command import Command
from trunkline.errors import MissingExtraError, WeightsError
from trunkline.weights import manifest
from trunkline.weights.manifest import Manifest
from trunkline.weights.store import ModelStore


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the five actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _action(actions, "list", "the models of the store, and the sets that can be built")
    fetch = _action(actions, "fetch", "fetch a set's published file into the download cache")
    build = _action(actions, "build", "build a set into the model store")
    for action in (fetch, build):
        _set_options(action, required=True)
        action.add_argument(
            "--from",
            dest="source",
            type=Path,
            default=None,
            metavar="PATH",
            help="the weight file, or a folder that holds it",
        )
    build.add_argument(
        "--output", type=Path, default=None, help="build into this folder, not into the store"
    )
    verify = _action(actions, "verify", "check every file of the store against its sha256")
    path = _action(actions, "path", "where the store lies, or one set of it")
    for action in (verify, path):
        _set_options(action, required=False)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=text, description=text)
    action.add_argument("--json", action="store_true", help="print one JSON object")
    return action


def _set_options(action: argparse.ArgumentParser, *, required: bool) -> None:
    action.add_argument("--set", required=required, default="", help="weight set")
    action.add_argument("--trunk", default="", help="trunk (default: the one that has the set)")


def run(arguments: argparse.Namespace) -> int:
    """Do the action; results go to stdout, progress to stderr."""
    actions = {
        "list": _list,
        "fetch": _fetch,
        "verify": _verify,
        "build": _build,
        "path": _path,
    }
    lines, data = actions[arguments.action](arguments)
    print(json.dumps(data) if arguments.json else "\n".join(lines))
    return 0


Answer = tuple[list[str], dict[str, object]]
"""What to print: lines for people, an object for machines."""


def _list(arguments: argparse.Namespace) -> Answer:
    from trunkline.weights.sets import TABLE

    found = ModelStore.default().manifests()
    lines = [line for item in found for line in _described(item)]
    there = {(item.trunk.name, item.trunk.set) for item in found}
    missing = [key for key in TABLE if key not in there]
    lines += [
        f"{trunk}/{name}  not built: trunkline weights build --set {name}"
        for trunk, name in missing
    ]
    data: dict[str, object] = {
        "models": [json.loads(manifest.dumps(item)) for item in found],
        "buildable": [{"trunk": trunk, "set": name} for trunk, name in TABLE],
    }
    return lines, data


def _described(item: Manifest) -> list[str]:
    trunk = item.trunk
    shape = "x".join(str(side) for side in trunk.spec.shape)
    lines = [
        f"{trunk.name}/{trunk.set}  trunk {trunk.spec.cut} {shape} digest {trunk.digest[:12]}  "
        f"{trunk.bytes / 1e6:.2f} MB  {trunk.folder}"
    ]
    for tail in item.tails:
        lines.append(f"  {tail.task}: {tail.model}, {tail.bytes / 1e6:.2f} MB")
    return lines


def _fetch(arguments: argparse.Namespace) -> Answer:
    from trunkline.weights import sets, sources

    weights = sets.get(*_chosen(arguments))
    _, path = sources.resolve(weights.sources(), report, arguments.source)
    return [str(path)], {"path": str(path)}


def _build(arguments: argparse.Namespace) -> Answer:
    try:
        from trunkline.weights.build import build

        store = ModelStore((arguments.output,)) if arguments.output else ModelStore.default()
        trunk, name = _chosen(arguments)
        entry = build(trunk, name, store, report, arguments.source)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"trunkline weights build ({error.name})", "build") from error
    return [str(entry.folder)], {"path": str(entry.folder), "digest": entry.digest}


def _verify(arguments: argparse.Namespace) -> Answer:
    store = ModelStore.default()
    found = [store.manifest(*_chosen(arguments))] if arguments.set else store.manifests()
    files = [file for item in found for file in item.files()]
    if not files:
        raise WeightsError("the model store is empty: build a set with trunkline weights build")
    paths = [str(entry.verified_path()) for entry in files]
    return [f"{path}: ok" for path in paths], {"verified": paths}


def _path(arguments: argparse.Namespace) -> Answer:
    store = ModelStore.default()
    if not arguments.set:
        roots = [str(root) for root in store.roots]
        return roots, {"roots": roots}
    folder = str(store.trunk(*_chosen(arguments)).folder)
    return [folder], {"path": folder}


def _chosen(arguments: argparse.Namespace) -> tuple[str, str]:
    """The (trunk, set) meant; the trunk follows from the set's name where it is not given."""
    from trunkline.weights.sets import TABLE

    owners = [trunk for trunk, name in TABLE if name == arguments.set]
    return arguments.trunk or (owners[0] if owners else "mobilenet_v2"), arguments.set


def report(line: str) -> None:
    """A progress line."""
    print(line, file=sys.stderr, flush=True)


command = Command(
    help="list, fetch, verify and build the models",
    configure=configure,
    run=run,
)
