"""What is wrong, or doubtful, with pictures that a task shall learn from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from trunkline.text import LONGEST_LINE, is_line, shown
from trunkline_training.making.pictures import likeness
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

    def lines(self) -> list[str]:
        """What a terminal shows: the text, then the first files, a line each."""
        more = len(self.files) - SHOWN
        rest = [f"    and {more} more (trunkline task check --json lists all)"] if more > 0 else []
        named = [f"    {shown(file)}" for file in self.files[:SHOWN]]
        return [f"{self.level}: {self.text}", *named, *rest]


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


def check(items: Sequence[Item], folders: Sequence[str], fewest: int = 1) -> Report:
    """Every finding; unreadable files, copies and pictures of two classes are not usable.

    `folders` are classes too where they hold nothing; each class needs `fewest` usable pictures.
    """
    alike = likeness.groups((item.likeness, item) for item in items if item.likeness)
    crossed = [group for group in alike if len({item.label for item in group}) > 1]
    repeated = [group for group in alike if len({item.label for item in group}) == 1]
    unused = {item for group in crossed for item in group}
    unused |= {item for group in repeated for item in group[1:]}
    usable = tuple(item for item in items if item.readable and item not in unused)
    counts = Counter(item.label for item in usable)
    filled = {name: counts[name] for name in sorted({*folders, *(it.label for it in items)})}
    findings = (
        *_label_findings(filled),
        *_count_findings(filled, fewest),
        *_unread(items),
        *_alike(repeated, crossed),
        *_sizes(usable),
    )
    files = sum(not item.folder for item in items)
    return Report(filled, findings, usable, files - len(usable))


def _label_findings(counts: dict[str, int]) -> Iterator[Finding]:
    if len(counts) < 2:
        yield Finding(ERROR, f"{len(counts)} class: expected at least two folders of pictures")
    odd = tuple(repr(name) for name in counts if not _is_label(name))
    if odd:
        why = f"line breaks, blanks at its ends, no UTF-8, more than {LONGEST_LINE} characters"
        yield Finding(ERROR, f"{len(odd)} with a name that is no label ({why})", odd)
    spelled: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        spelled[name.casefold()].append(name)
    twins = tuple(" = ".join(names) for names in spelled.values() if len(names) > 1)
    if twins:
        yield Finding(WARNING, f"{len(twins)} that differ in capitals alone: one class?", twins)


def _is_label(name: str) -> bool:
    return is_line(name) and name == name.strip()


def _count_findings(counts: dict[str, int], fewest: int) -> Iterator[Finding]:
    empty = tuple(name for name, count in counts.items() if not count)
    if empty:
        yield Finding(
            ERROR, f"{len(empty)} without a usable picture: fill or remove the class", empty
        )
    short = tuple(name for name, count in counts.items() if 0 < count < fewest)
    if short:
        yield Finding(
            ERROR,
            f"{len(short)} with fewer than {fewest} usable pictures: with this test share a task "
            f"needs {fewest} a class, to learn from, to choose by and to test on",
            short,
        )
    few = tuple(name for name, count in counts.items() if max(1, fewest) <= count < FEWEST)
    if few:
        yield Finding(WARNING, f"{len(few)} with fewer than {FEWEST} pictures", few)
    present = [count for count in counts.values() if count]
    if present and max(present) > IMBALANCE * min(present):
        yield Finding(
            WARNING,
            f"classes of {min(present)} to {max(present)} pictures: they are weighted in training, "
            "but more pictures of the small ones help more",
        )


def _unread(items: Sequence[Item]) -> Iterator[Finding]:
    folders = tuple(f"{item.name}: {item.error}" for item in items if item.folder)
    if folders:
        yield Finding(WARNING, f"{len(folders)} folders that were not looked into", folders)
    files = tuple(f"{it.name}: {it.error}" for it in items if not (it.readable or it.folder))
    if files:
        yield Finding(WARNING, f"{len(files)} files that are no pictures, left out", files)


def _alike(
    repeated: Sequence[Sequence[Item]], crossed: Sequence[Sequence[Item]]
) -> Iterator[Finding]:
    if repeated:
        yield Finding(WARNING, f"{len(repeated)} more than once, used once", _equal(repeated))
    if crossed:
        yield Finding(WARNING, f"{len(crossed)} in two classes, left out", _equal(crossed))


def _equal(groups: Sequence[Sequence[Item]]) -> tuple[str, ...]:
    return tuple(" = ".join(item.name for item in group) for group in groups)


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
