"""Frames about the place of a row among the others."""

from typing import Any

from contracts.recipe import Derivation, Derive, SortKey, Step, Window, WindowColumn
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.planner.lexicon import TIMES
from services.transform.planner.pace import turned
from services.transform.planner.reading import TEMPORAL, Reader, quoted, slot
from services.transform.planner.view import ask
from services.transform.planner.words import parts

frames = Frames("ranks")
frame = frames.frame


@slot("RankTie")
def rank_tie(reader: Reader, at: int) -> Any:
    """What becomes of equal values: rank leaves gaps, dense_rank none, row_number tells them apart."""
    tied = "[,|;|.|LP|-] [and|with|where] [<e:Entity>|@rows|ones|those|equal values|ties|equal <c:Cols>|same <c:Cols>|tied <c:Cols>|identical <c:Cols>|(equal|tied|same) (ones|values|figures|results|rows|<e:Entity>)] [that|with|which] [are|is|have|tie|ties|tied|same value|equal value|equal values|equal|same <c:Col>|the same <c:Col>] [should|must|all]"
    for end, _, cost in reader.match(
        f"{tied} (share|shares|get|gets|have|has|receive|take|sharing|getting|given|are given) [same|one|the same|equal] (rank|place|position|number|one) [,|;|.] [and] [with|then] [the] [next|following|no|without|leaving] [rank|place|position|number|gaps|gap|ranks|one|numbers] [being|is|are|be|gets|left] [skipped|left out|omitted|missed out|left free|skip|follows|jumps|gap|skipping] [after|left|in ranks] [accordingly|RP|ties|them|after ties|after them|afterwards]",
        at,
    ):
        said = [reader.low(step) for step in range(at, end)]
        none = ("no" in said or "without" in said) and ("gaps" in said or "gap" in said or "skipping" in said)
        yield end, "dense_rank" if none else "rank", cost
    for end, _, cost in reader.match(
        "[,|LP|;] [with|and] (no gaps|without gaps|dense|dense ranking|no gaps in ranks|no gaps after ties|without skipping|dense rank|no ranks skipped|no rank skipped) [RP]",
        at,
    ):
        yield end, "dense_rank", cost
    for end, _, cost in reader.match(
        "[,|LP|;] [and] (ties|equal values) [are|is] [broken] (by|in) [row order|file order|order of appearance|order of file|order of rows|their order] [RP]",
        at,
    ):
        yield end, "row_number", cost
    for end, _, cost in reader.match(
        "[,|LP|;] [with|and|where] (ties|equal values) [get|gets|getting|have|sharing|share|take|given] [same|lowest|smallest|minimum|the same] (rank|number|place) [RP]",
        at,
    ):
        yield end, "rank", cost


@slot("RankOrder")
def rank_order(reader: Reader, at: int) -> Any:
    """Which end is number one: biggest = 1; 1 for the highest; highest first."""
    one = "(1|one|number 1|number one|first|rank 1|#1|no . 1|rank one|1st|place 1|top)"
    for end, env, cost in reader.match(
        f"[,|LP|;|-|:|and] [with|where|so that|so] <x:Superlative> [<c:Col>|<c:Kin>] [value|values|one|ones|<e:Entity>|number|row] [is|=|gets|get|being|has|as|-|:|->|should be|should get|first|comes|at|receives|be|on] [rank|number|place|a|position] {one} [RP]",
        at,
    ):
        yield end, (bool(env["x"]), env.get("c")), cost
    for end, env, cost in reader.match(
        f"[,|LP|;|-|:] [with|where] {one} [is|=|being|for|meaning|means|goes to|as|to|going to|-|should be] [with|the] <x:Superlative> [in|of|for] [<c:Col>|<c:Kin>] [value|values|one|ones|<e:Entity>|number|row] [RP]",
        at,
    ):
        yield end, (bool(env["x"]), env.get("c")), cost
    for end, said, cost in reader.slot("Direction", at + (reader.low(at) in (",", "(", "-"))):
        yield end + (reader.low(end) == ")" and reader.low(at) == "("), (said in ("down", "late"), None), cost


def in_time(reader: Reader, column: str, descending: bool | None, start: int, end: int) -> bool | None:
    """The oldest has the smallest year, and the newest the greatest, whatever `most` means elsewhere."""
    if descending is not None and turned(reader, column, start, end):
        return not descending
    timed = reader.column(column).type in TEMPORAL or {"year", "yr", "date"} & set(parts(column))
    said = [TIMES[reader.low(step)] for step in range(start, end) if reader.low(step) in TIMES]
    return said[0] if timed and said else descending


_PER = "[,] @within [combination of] <k:Cols>"


@frame("rank")
def rank(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The place of each row by a column."""
    descending, said = env.get("o", (None, None))
    column = env.get("c", said)
    if column is None or said not in (None, column):
        return None
    keys = env.get("kk") or env.get("k") or ()
    if column in keys:
        return None
    descending = in_time(reader, column, descending, start, end)
    if descending is None:
        raise ask("ambiguous", f"Is rank 1 the highest '{column}' or the lowest?", ["the highest", "the lowest"])
    name = checked_name(reader, env.get("n") or fresh(reader, "rank"))
    made = WindowColumn(name=name, function=env.get("t", "rank"))
    steps: list[Step] = [
        Window(partition_by=tuple(keys), order_by=(SortKey(column=column, descending=descending),), columns=(made,))
    ]
    if reader.column(column).nulls:
        steps.append(
            Derive(
                columns=(
                    Derivation(
                        column=name, expression=f"CASE WHEN {quoted(column)} IS NOT NULL THEN {quoted(name)} END"
                    ),
                )
            )
        )
    return act(*steps, made=(name,), used=(column,))


@slot("KeysWithin")
def keys_within(reader: Reader, at: int) -> Any:
    """Within each of some columns."""
    for end, env, cost in reader.match("[,|LP|-] @within [combination of] <k:Cols> [RP]", at):
        yield end, tuple(env["k"]), cost
