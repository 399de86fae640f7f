"""Encoders are used again, and nobody can tell from the files."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from trunkline.codecs.bpg import Bpg, encoders, x265
from trunkline.codecs.bpg.header import Header
from trunkline.types import Samples

pytest.importorskip("av", reason="the hevc extra is not installed")

HEAD = Header(64, 48)
SETTINGS = x265.Settings(qp=30, effort=0, lossless=False, block=16)
FORKED = """
import os, threading, numpy as np
from trunkline.codecs.bpg import Bpg
plane = np.arange(48 * 64).reshape(48, 64).astype(np.uint8)
file = Bpg(effort=0).encode(plane)
child = os.fork()
same = Bpg(effort=0).encode(plane) == file
if child == 0:
    raise SystemExit(0 if same else 3)
assert os.waitpid(child, 0)[1] == 0 and same
"""


def pictures(count: int) -> list[Samples]:
    """Pictures that have little to do with one another."""
    y, x = np.indices((48, 64))
    return [((x * (k + 1) ^ y * (2 * k + 3)) % (97 + k)).astype(np.uint8) for k in range(count)]


@pytest.mark.parametrize("effort", [0, 1, 2, 3])
def test_a_file_does_not_depend_on_the_pictures_before_it(effort: int) -> None:
    codec, size = Bpg(qp=25, effort=effort), HEAD.width * HEAD.height
    first, *others = pictures(33)
    alone = codec.encode(first)
    files = [codec.encode(other) for other in others]
    assert codec.encode(first) == alone
    # and each decodes alone, the later ones before the earlier ones
    for other, file in reversed(list(zip(others, files, strict=True))):
        back = codec.decode(file, other.shape)
        assert np.square(back.astype(float) - other).sum() / size < 60


def test_an_encoder_is_used_again_by_its_own_kind_only() -> None:
    idle = encoders.Idle()
    first = idle.take((SETTINGS, HEAD))
    idle.put((SETTINGS, HEAD), first)
    assert idle.take((SETTINGS, Header(64, 64))) is not first
    assert idle.take((SETTINGS, HEAD)) is first
    assert idle.take((SETTINGS, HEAD)) is not first  # that one is in use


def test_only_so_many_wait() -> None:
    idle = encoders.Idle()
    kinds = [(SETTINGS, Header(16 * side, 16)) for side in range(1, encoders.MOST_IDLE + 2)]
    made = [idle.take(kind) for kind in kinds]
    for kind, encoder in zip(kinds, made, strict=True):
        idle.put(kind, encoder)
    assert idle.take(kinds[-1]) is made[-1]
    assert idle.take(kinds[0]) is not made[0]  # it had waited longest


def test_an_encoder_that_failed_is_dropped() -> None:
    def use(fails: bool) -> object:
        with encoders.encoder(SETTINGS, HEAD) as encoder:
            if fails:
                raise ValueError("no picture")
        return encoder

    kept = use(fails=False)
    assert use(fails=False) is kept
    with pytest.raises(ValueError, match="no picture"):
        use(fails=True)
    assert use(fails=False) is not kept


def test_large_pictures_leave_no_encoder_behind() -> None:
    large = Header(1024, 272)
    with encoders.encoder(SETTINGS, large) as first:
        pass
    with encoders.encoder(SETTINGS, large) as second:
        assert second is not first


def test_threads_share_encoders_without_meeting() -> None:
    codec, planes = Bpg(qp=20, effort=0), pictures(32)
    expected = [codec.encode(plane) for plane in planes]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(codec.encode, planes)) == expected


def test_a_forked_process_makes_its_own() -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    subprocess.run(command, check=True, timeout=60)
