"""The arrows between the packages, and the size budget of modules and functions."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "trunkline": "common",
    "trunkline_edge": "edge",
    "trunkline_tasks": "cloud_tasks",
    "trunkline_training": "training",
    "trunkline_benchmarks": "benchmarks",
}
ARROWS = {
    "trunkline": set(),
    "trunkline_edge": {"trunkline"},
    "trunkline_tasks": {"trunkline"},
    "trunkline_training": {"trunkline"},
    "trunkline_benchmarks": {"trunkline", "trunkline_training"},
}
# The library is no server; what serves runs without PyTorch.
FORBIDDEN = {
    "trunkline": {"fastapi", "starlette", "uvicorn"},
    "trunkline_edge": {"torch", "torchvision"},
    "trunkline_tasks": {"torch", "torchvision"},
}
GENERATED = ROOT / "common/trunkline/v1"
MEDIAN_LINES, MOST_LINES = 100, 300
FUNCTION_P90_LINES = 30


def modules(package: str) -> list[Path]:
    """The files of a package that people write."""
    files = (ROOT / FOLDERS[package] / package).rglob("*.py")
    return sorted(file for file in files if GENERATED not in file.parents)


def imports(file: Path) -> Iterator[str]:
    """The full names of all that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import, write the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", FOLDERS)
def test_arrows(package: str) -> None:
    """A package imports itself and what its arrow points at, none of the others."""
    forbidden = (set(FOLDERS) | FORBIDDEN.get(package, set())) - ARROWS[package] - {package}
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(package)
        for name in imports(file)
        if name.split(".")[0] in forbidden
    ]
    assert not found


def test_generated_code_has_one_importer() -> None:
    """Messages are touched through `wire` alone; doors may take the service's classes."""
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for package in FOLDERS
        for file in modules(package)
        for name in imports(file)
        if name.startswith("trunkline.v1.")
        and not name.startswith("trunkline.v1.trunkline_pb2_grpc")
        and file != ROOT / "common/trunkline/wire.py"
    ]
    assert not found


def test_module_sizes() -> None:
    """Median at most 100 lines, none over 300, of the code that people write."""
    sizes = {
        file.relative_to(ROOT): len(file.read_text().splitlines())
        for package in FOLDERS
        for file in modules(package)
    }
    over = {str(file): size for file, size in sizes.items() if size > MOST_LINES}
    assert not over
    assert statistics.median(sizes.values()) <= MEDIAN_LINES


def test_function_sizes() -> None:
    """Nine functions in ten have at most 30 lines, docstring included."""
    sizes = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for package in FOLDERS
        for file in modules(package)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert sizes[int(0.9 * len(sizes))] <= FUNCTION_P90_LINES
