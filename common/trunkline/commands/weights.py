"""`trunkline weights list|fetch|verify|build|path`: the door to the model store."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

from trunkline.command import Command
from trunkline.errors import UnknownNameError, WeightsError
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
    from trunkline.weights.sets import TABLE

    names = ", ".join(name for _, name in TABLE)
    also = "" if required else "; default: all"
    action.add_argument("--set", required=required, default="", help=f"weight set ({names}{also})")
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
    answer = actions[arguments.action](arguments)
    print(json.dumps(answer.data) if arguments.json else "\n".join(answer.lines))
    return answer.code


class Answer(NamedTuple):
    """What to print, lines for people or an object for machines, and the exit code."""

    lines: list[str]
    data: dict[str, object]
    code: int = 0


def _list(arguments: argparse.Namespace) -> Answer:
    from trunkline.weights.sets import TABLE

    store = ModelStore.default()
    found, damaged = store.manifests(), _damaged(store)
    lines = [line for item in found for line in _described(item)]
    lines += [f"damaged: {text}" for text in damaged.values()]
    there = _held(store)
    lines += [
        f"{trunk}/{name}  not built: trunkline weights build --set {name}"
        for trunk, name in TABLE
        if (trunk, name) not in there
    ]
    data: dict[str, object] = {
        "models": [json.loads(manifest.dumps(item)) for item in found],
        "damaged": damaged,
        "buildable": [{"trunk": trunk, "set": name} for trunk, name in TABLE],
    }
    return Answer(lines, data)


def _damaged(store: ModelStore) -> dict[str, str]:
    """Manifests and roots that cannot be read, and why."""
    return {str(path): text for path, text in store.damaged().items()}


def _held(store: ModelStore) -> set[tuple[str, str]]:
    """Every (trunk, set) that has a folder in the store, readable or not."""
    folders = [item.trunk.folder for item in store.manifests()]
    folders += [path.parent for path in store.damaged() if path.name == manifest.NAME]
    return {(folder.parent.name, folder.name) for folder in folders}


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
    return Answer([str(path)], {"path": str(path)})


def _build(arguments: argparse.Namespace) -> Answer:
    from trunkline.weights.build import build

    store = ModelStore.of(arguments.output)
    trunk, name = _chosen(arguments)
    entry = build(trunk, name, store, report, arguments.source)
    return Answer([str(entry.folder)], {"path": str(entry.folder), "digest": entry.digest})


def _verify(arguments: argparse.Namespace) -> Answer:
    store = ModelStore.default()
    chosen = _chosen(arguments) if arguments.set or arguments.trunk else None
    found = [store.manifest(*chosen)] if chosen else store.manifests()
    damaged = {} if chosen else _damaged(store)
    if not found and not damaged:
        raise WeightsError("the model store is empty: build a set with trunkline weights build")
    verified = []
    for file in (file for item in found for file in item.files()):
        try:
            verified.append(str(file.verified_path()))
        except WeightsError as error:
            damaged[str(file.path)] = str(error)
    lines = [f"{path}: ok" for path in verified] + [f"damaged: {it}" for it in damaged.values()]
    return Answer(lines, {"verified": verified, "damaged": damaged}, 1 if damaged else 0)


def _path(arguments: argparse.Namespace) -> Answer:
    store = ModelStore.default()
    if not arguments.set and not arguments.trunk:
        roots = [str(root) for root in store.roots]
        return Answer(roots, {"roots": roots})
    folder = str(store.trunk(*_chosen(arguments)).folder)
    return Answer([folder], {"path": folder})


def _chosen(arguments: argparse.Namespace) -> tuple[str, str]:
    """The (trunk, set) meant; the trunk follows from the set's name where it is not given.

    Raises UnknownNameError for a set or trunk that is neither in the table nor in the store, and
    WeightsError for a trunk without a set.
    """
    from trunkline.weights.sets import TABLE

    known = sorted({*TABLE, *_held(ModelStore.default())})
    trunk, name = arguments.trunk, arguments.set
    if trunk and trunk not in {owner for owner, _ in known}:
        raise UnknownNameError("trunk", trunk, sorted({owner for owner, _ in known}))
    if not name:
        names = [each for owner, each in known if owner == trunk]
        raise WeightsError(f"--trunk {trunk} alone says no set: add --set {' or '.join(names)}")
    owners = [owner for owner, each in known if each == name]
    if not owners:
        raise UnknownNameError("weight set", name, [f"{owner}/{each}" for owner, each in known])
    return trunk or owners[0], name


def report(line: str) -> None:
    """A progress line."""
    print(line, file=sys.stderr, flush=True)


command = Command(
    help="list, fetch, verify and build the models",
    configure=configure,
    run=run,
)
