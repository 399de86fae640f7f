"""The `trunkline` command. Subcommands come from the entry-point group `trunkline.commands`."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import NoReturn

from trunkline.command import Command
from trunkline.errors import MissingExtraError, TrunklineError

GROUP = "trunkline.commands"


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; errors are one line on stderr and exit code 1."""
    commands = find_commands()
    words = _joined(sys.argv[1:] if argv is None else argv, commands)
    chosen = next((word for word in words if word in commands), "")
    try:
        if chosen:
            _require(commands[chosen])
        arguments = build_parser(commands, chosen).parse_args(words)
        return commands[arguments.command].run(arguments)
    except TrunklineError as error:
        print(f"{_spoken(chosen)}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone: nothing is left to say, and nobody to say it to
        return 141


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without all that would be right."""

    def error(self, message: str) -> NoReturn:
        """End with code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def find_commands() -> dict[str, Command]:
    """Every subcommand that an installed distribution offers, by name."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return {entry.name: _load(entry) for entry in entries}


def _joined(words: list[str], commands: dict[str, Command]) -> list[str]:
    """`task add` as the one command `task-add` that it is."""
    name = "-".join(words[:2])
    return [name, *words[2:]] if len(words) > 1 and name in commands else words


def _spoken(name: str) -> str:
    """A command as it is typed: what `_joined` joined, apart again."""
    return f"trunkline {name.replace('task-', 'task ', 1)}"


def _require(command: Command) -> None:
    """Raise TrunklineError for a subcommand that cannot run here."""
    if command.broken:
        raise TrunklineError(command.broken)
    if command.lack:
        raise MissingExtraError("this subcommand", command.extra)


def _load(entry: EntryPoint) -> Command:
    """One subcommand; where its module cannot be imported, one that says so."""
    try:
        command = entry.load()
    except (ImportError, AttributeError) as error:
        return Command(
            help=entry.value,
            configure=lambda parser: None,
            run=lambda arguments: 1,
            broken=f"cannot be loaded: {error}",
        )
    if not isinstance(command, Command):
        raise TypeError(f"{entry.value} is no trunkline Command")
    return command


def build_parser(commands: dict[str, Command], chosen: str) -> argparse.ArgumentParser:
    """One parser with a subparser per command; those with a missing extra say so.

    Only the `chosen` one gets its arguments: a service reads them off its settings, whose library
    would slow every other subcommand down.
    """
    parser = _Parser(
        prog="trunkline", description="Split inference: one trunk at the edge, many cloud tasks."
    )
    parser.add_argument("--version", action="version", version=version("trunkline"))
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in commands.items():
        note = f" ({command.lack})" if command.lack else ""
        subparser = subparsers.add_parser(
            name,
            help=command.help + note,
            description=command.help,
            prog=_spoken(name),
        )
        if name == chosen:
            command.configure(subparser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
