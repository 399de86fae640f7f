"""What a run leaves to look at: two CSV files, TensorBoard events, a line with the time left."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboardX import SummaryWriter

from trunkline.errors import TrunklineError
from trunkline.files import make_folder, write_bytes
from trunkline_training.progress import say

STEPS, EPOCHS = "steps.csv", "epochs.csv"
EVERY_S = 5.0


class Table:
    """A CSV file with one row a step; rows behind `start` are those of a run that was ended."""

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self._columns: list[str] = []
        if start == 0:
            path.unlink(missing_ok=True)
        elif path.is_file():
            self._cut(start)

    def _cut(self, start: int) -> None:
        with self._path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        # a killed run may have left half a row
        whole = [row for row in rows[1:] if len(row) == len(rows[0]) and int(row[0]) <= start]
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([rows[0], *whole] if rows else [])
        write_bytes(self._path, buffer.getvalue().encode())
        self._columns = rows[0] if rows else []

    def add(self, row: Mapping[str, float]) -> None:
        """Append a row; the first one names the columns."""
        if not self._columns:
            self._columns = list(row)
            self._append([self._columns])
        self._append([[f"{row[name]:.9g}" for name in self._columns]])

    def _append(self, rows: list[list[str]]) -> None:
        try:
            with self._path.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
        except OSError as error:
            raise TrunklineError(f"cannot write {self._path}: {error.strerror}") from error


class Log:
    """A run's logs from step `start` of `total` on."""

    def __init__(self, folder: Path, start: int, total: int) -> None:
        make_folder(folder)
        self._steps, self._epochs = (Table(folder / name, start) for name in (STEPS, EPOCHS))
        self._events = SummaryWriter(str(folder / "events"), purge_step=start + 1)
        self._start, self._total = start, total
        self._began = self._said = time.monotonic()
        self._said_epoch = -EVERY_S

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """One step's losses; now and then a line on stderr."""
        self._steps.add({"step": step, **figures})
        self._scalars("step", step, figures)
        now = time.monotonic()
        if now - self._said >= EVERY_S or step == self._total:
            self._said = now
            left = (now - self._began) / (step - self._start) * (self._total - step)
            shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            say(f"step {step}/{self._total}, {_duration(left)} left, {shown}")

    def epoch(self, epoch: int, step: int, figures: Mapping[str, float]) -> None:
        """An epoch's validation."""
        self._epochs.add({"step": step, "epoch": epoch, **figures})
        self._scalars("validation", step, figures)
        self._events.flush()
        now = time.monotonic()
        if now - self._said_epoch < EVERY_S and step != self._total:
            return  # epochs of a few pictures: epochs.csv has all
        self._said_epoch = now
        say(f"epoch {epoch}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))

    def _scalars(self, group: str, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._events.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        """Write what is still in memory."""
        self._events.close()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
