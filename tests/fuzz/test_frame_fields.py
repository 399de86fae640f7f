"""Any fields around any payload: a picture or our error, and one line of it."""

from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz import judge
from tests.fuzz.seeds import Setting
from trunkline import codecs, tiling, wire
from trunkline.types import Frame, Quantiser

IDS = [info.id for info in codecs.table() if info.available]
FRAMES = [Setting(id).make() for id in IDS]
MANY = settings(max_examples=300, suppress_health_check=list(HealthCheck))

words = st.one_of(st.sampled_from([*IDS, *tiling.ARRANGEMENTS, ""]), st.text(max_size=20))
sides = st.one_of(st.integers(-2, 40), st.sampled_from([1 << 22, 1 << 32, 1 << 70]))
values = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=20))
names = st.one_of(st.sampled_from(sorted(codecs.parameter_types())), st.text(max_size=20))
fields = st.fixed_dictionaries(
    {},
    optional={
        "shape": st.lists(sides, max_size=4).map(tuple),
        "quantiser": st.builds(Quantiser, st.floats(), st.floats(), st.integers(-1, 40))
        | st.none(),
        "arrangement": words,
        "codec": words,
        "params": st.dictionaries(names, values, max_size=4),
        "payload": st.binary(max_size=60) | st.sampled_from([f.payload for f in FRAMES]),
        "image_size": st.tuples(sides, sides),
        "capture_time": st.floats() | st.none(),
    },
)


@MANY
@given(frame=st.sampled_from(FRAMES), changes=fields)
@example(frame=FRAMES[0], changes={"shape": ()})
@example(frame=FRAMES[0], changes={"quantiser": Quantiser(-3.4e38, 3.4e38, 8)})
def test_frames_of_any_fields(frame: Frame, changes: dict[str, object]) -> None:
    verdict = judge.judge(dataclasses.replace(frame, **changes))  # type: ignore[arg-type]
    assert verdict.outcome in judge.ALLOWED, verdict


@MANY
@given(
    frame=st.sampled_from(FRAMES),
    place=st.integers(0, 1000),
    inserted=st.binary(max_size=4),
    removed=st.integers(0, 4),
)
def test_messages_with_any_damage(frame: Frame, place: int, inserted: bytes, removed: int) -> None:
    data = wire.frame_to_bytes(frame)
    place %= len(data) + 1
    verdict = judge.judge(data[:place] + inserted + data[place + removed :])
    assert verdict.outcome in judge.ALLOWED, verdict


def test_an_unchanged_frame_is_a_picture() -> None:
    assert {judge.judge(frame).outcome for frame in FRAMES} == {judge.PICTURE}
    assert {judge.judge(wire.frame_to_bytes(frame)).outcome for frame in FRAMES} == {judge.PICTURE}
