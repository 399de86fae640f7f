"""The report: one page of HTML with everything in it, and the same tables as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from trunkline_benchmarks.sweep.plots import Plot
from trunkline_benchmarks.sweep.table import Table


@dataclass(frozen=True)
class Report:
    """`facts` are names and values of what was run, `limits` sentences on what it does not show."""

    title: str
    facts: Mapping[str, str]
    limits: Sequence[str]
    sections: Mapping[str, Sequence[Table]]
    plots: Sequence[Plot]

    def markdown(self) -> str:
        """GitHub's kind; plots by their files."""
        lines = [f"# {self.title}", ""]
        lines += [f"* {name}: {value}" for name, value in self.facts.items()]
        lines += ["", "What to bear in mind:", ""]
        lines += [f"* {limit}" for limit in self.limits]
        for plot in self.plots:
            lines += ["", f"![{plot.name}](plots/{plot.name}.png)", "", plot.caption]
        for title, tables in self.sections.items():
            lines += ["", f"## {title}", ""] if tables else []
            for table in tables:
                lines += table.markdown()
        return "\n".join(lines).rstrip() + "\n"

    def html(self) -> str:
        """Nothing is loaded from anywhere; no scripts; light or dark as the reader has it."""
        style = (files(__package__) / "report.css").read_text(encoding="utf-8")
        facts = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in self.facts.items()
        )
        limits = "".join(f"<li>{escape(limit)}</li>" for limit in self.limits)
        sections = "".join(
            f"<h2>{escape(title)}</h2>{''.join(table.html() for table in tables)}"
            for title, tables in self.sections.items()
            if tables
        )
        title = escape(self.title)
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{style}</style></head><body><main><h1>{title}</h1>"
            f"<dl>{facts}</dl><h2>What to bear in mind</h2><ul>{limits}</ul>"
            f"{''.join(_figure(plot) for plot in self.plots)}{sections}</main></body></html>\n"
        )


def _figure(plot: Plot) -> str:
    """The SVG itself, without declaration and metadata, and with ids of its own."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", plot.svg[plot.svg.index("<svg") :], flags=re.S)
    for name in sorted(set(re.findall(r'\bid="([^"]+)"', svg)), key=len, reverse=True):
        svg = re.sub(
            rf'(id="|href="#|url\(#){re.escape(name)}(?=["\)])', rf"\g<1>{plot.name}-{name}", svg
        )
    return (
        f'<figure role="img" aria-label="{escape(plot.caption)}">{svg}'
        f"<figcaption>{escape(plot.caption)}</figcaption></figure>"
    )


def described(machine: Mapping[str, Any]) -> str:
    """The machine in one line."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores (load {machine['load_1min']:.1f} at the end), "
        f"{machine['system']}, Python {machine['python']}; {packages}"
    )
