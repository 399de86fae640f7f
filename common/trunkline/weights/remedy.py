"""What mends a model that is damaged or missing, in words: the last part of an error."""

from __future__ import annotations

from pathlib import Path


def for_damage(folder: Path) -> str:
    """What writes a damaged folder `ROOT/<trunk>/<set>` again."""
    # both modules read manifests, whose errors end in these words
    from trunkline.weights.sets import TABLE
    from trunkline.weights.store import bundle_root

    trunk, name = folder.parent.name, folder.name
    if folder.is_relative_to(bundle_root()):
        return "it came with trunkline: install that again"
    if (trunk, name) in TABLE:
        return f"write it again with: {build_command(trunk, name)}"
    return "write it again with what made it, or delete the folder"


def for_missing(trunk: str, name: str) -> str:
    """What brings the set `name` of `trunk`, or which sets there are instead."""
    from trunkline.weights.sets import TABLE

    if (trunk, name) in TABLE:
        return f"build it with: {build_command(trunk, name)}"
    owners = [owner for owner, known in TABLE if known == name]
    if owners:
        return f"weight set {name} belongs to trunk {owners[0]}: choose it with --trunk {owners[0]}"
    return sets()


def sets() -> str:
    """Which sets there are to build."""
    from trunkline.weights.sets import TABLE

    names = ", ".join(f"{trunk}/{name}" for trunk, name in TABLE)
    return f"build one of the sets {names} with: trunkline weights build --set SET"


def build_command(trunk: str, name: str) -> str:
    """The command that builds one set."""
    return f"trunkline weights build --trunk {trunk} --set {name}"
