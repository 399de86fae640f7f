"""What is wrong, or doubtful, with pictures that a task shall learn from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from trunkline_training.making.pictures.inspection import Item

FEWEST = 10
"""Pictures of a class below which little can be learnt of it."""
IMBALANCE = 5
"""Times as many pictures as another class has."""
SMALLEST_SIDE = 64
WIDEST = 4
"""Times as long as the other side: squashed to a square, little is left to see."""
SHOWN = 5
"""Examples that a finding names."""

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Finding:
    """One line for a person: an ERROR keeps a task from being made, a WARNING does not."""

    level: str
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Counts by class, the findings, which pictures can be used and how many files cannot."""

    counts: dict[str, int]
    findings: tuple[Finding, ...]
    usable: tuple[Item, ...]
    left_out: int

    @property
    def sound(self) -> bool:
        """Whether a task can be made."""
        return all(finding.level != ERROR for finding in self.findings)


def check(items: Sequence[Item], folders: Sequence[str]) -> Report:
    """Every finding; unreadable files, copies and pictures of two classes are not usable.

    `folders` are classes too where they hold nothing.
    """
    readable = [item for item in items if item.readable]
    alike = _groups(readable)
    doubtful = {item.name for group in alike if len({i.label for i in group}) > 1 for item in group}
    copies = {item.name for group in alike for item in group[1:]}
    usable = tuple(item for item in readable if item.name not in doubtful | copies)
    counts = Counter(item.label for item in usable)
    filled = {name: counts[name] for name in sorted({*folders, *(it.label for it in items)})}
    findings = (
        *_class_findings(filled),
        *_unreadable(items),
        *_alike(alike, doubtful),
        *_sizes(usable),
    )
    return Report(filled, findings, usable, len(items) - len(usable))


def _class_findings(counts: dict[str, int]) -> Iterator[Finding]:
    if len(counts) < 2:
        yield Finding(ERROR, f"{len(counts)} class: expected at least two folders of pictures")
    odd = tuple(repr(name) for name in counts if not name.isprintable() or name != name.strip())
    if odd:
        yield Finding(
            ERROR, f"{len(odd)} with a name that is no label (line breaks, blanks at its ends)", odd
        )
    empty = tuple(name for name, count in counts.items() if not count)
    if empty:
        yield Finding(
            ERROR, f"{len(empty)} without a usable picture: fill or remove the class", empty
        )
    few = tuple(name for name, count in counts.items() if 0 < count < FEWEST)
    if few:
        yield Finding(WARNING, f"{len(few)} with fewer than {FEWEST} pictures", few)
    present = [count for count in counts.values() if count]
    if present and max(present) > IMBALANCE * min(present):
        yield Finding(
            WARNING,
            f"classes of {min(present)} to {max(present)} pictures: they are weighted in training, "
            "but more pictures of the small ones help more",
        )


def _unreadable(items: Sequence[Item]) -> Iterator[Finding]:
    broken = [item for item in items if not item.readable]
    if broken:
        files = tuple(f"{item.name}: {item.error}" for item in broken)
        yield Finding(WARNING, f"{len(broken)} files that are no pictures, left out", files)


def _groups(items: Sequence[Item]) -> list[list[Item]]:
    """Pictures of one likeness, where there are several."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item.likeness].append(item)
    return [group for group in found.values() if len(group) > 1]


def _alike(groups: Sequence[Sequence[Item]], doubtful: set[str]) -> Iterator[Finding]:
    copies = tuple(
        " = ".join(item.name for item in group)
        for group in groups
        if not any(item.name in doubtful for item in group)
    )
    if copies:
        yield Finding(WARNING, f"{len(copies)} pictures more than once, used once", copies)
    both = tuple(
        " = ".join(item.name for item in group)
        for group in groups
        if any(item.name in doubtful for item in group)
    )
    if both:
        yield Finding(WARNING, f"{len(both)} pictures in two classes, left out", both)


def _sizes(items: Sequence[Item]) -> Iterator[Finding]:
    small = tuple(item.name for item in items if min(item.size) < SMALLEST_SIDE)
    if small:
        sides = median(min(item.size) for item in items)
        yield Finding(
            WARNING,
            f"{len(small)} with a side below {SMALLEST_SIDE} pixels (median of all: {sides:g})",
            small,
        )
    wide = tuple(item.name for item in items if max(item.size) > WIDEST * min(item.size))
    if wide:
        yield Finding(WARNING, f"{len(wide)} more than {WIDEST} times as long as wide", wide)
