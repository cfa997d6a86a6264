"""Readers of directions, superlatives, sort keys and bounds."""

from collections.abc import Iterator

from contracts.data import LogicalType
from services.transform.planner.contrasts import contrasted, is_much
from services.transform.planner.lexicon import AGES, MEASURES, TIMES, better
from services.transform.planner.pace import PACE, measures_time, turned
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, slot
from services.transform.planner.view import ask


@slot("FirstOf")
def first_of(reader: Reader, at: int) -> Iterator[Result]:
    """The first of several rows: as they stand, or by the only date."""
    yield from _of(reader, at, "first|top|original|1st|topmost", "earliest|oldest", "early")


@slot("LastOf")
def last_of(reader: Reader, at: int) -> Iterator[Result]:
    """The last of several rows: as they stand, or by the only date."""
    yield from _of(reader, at, "last|final|bottom", "latest|most recent|newest", "recent")


def _of(reader: Reader, at: int, plain: str, timed: str, name: str) -> Iterator[Result]:
    after = "[one|row|record|entry|occurrence|appearance|line|of them|of each|copy|of these|seen|found|instance|version|value|<e:Entity>] [that|which|to] [appears|appear|occurs|seen|found|encountered|in file|in table|in order|listed|appearing|you find|you see|comes|of file] [in file|in table|first|in order|in list|in data|last|in original order]"
    for end, _, cost in reader.match(f"({plain}) {after}", at):
        yield end, "place", cost
    for end, _, cost in reader.match(f"({timed}) {after}", at):
        yield end, name, cost


@slot("Direction")
def direction(reader: Reader, at: int) -> Iterator[Result]:
    """Up or down."""
    for end, _, _ in reader.match("[in] [the] @up [order]", at):
        yield end, "up", 0.0
    for end, _, _ in reader.match("[in] [the] @down [order]", at):
        yield end, "down", 0.0
    for end, _, _ in reader.match("@early", at):
        yield end, "early", 0.0
    for end, _, _ in reader.match("@late", at):
        yield end, "late", 0.0
    for end, _, cost in reader.match(
        "[from] <a:Superlative> (to|through) <b:Superlative>|[from] <w:Comparative> to <v:Comparative>", at
    ):
        del cost
        word = reader.low(at + 1) if reader.low(at) == "from" else reader.low(at)
        much = _much(word)
        if word in AGES:
            yield end, AGES[word], 0.1
        elif much is not None:
            yield end, "down" if much else "up", 0.1
    for end, first, cost in reader.slot("Contrast", at):
        if first in AGES:
            yield end, AGES[first], cost
        elif (found := is_much(first)) is not None:
            yield end, "down" if found else "up", cost
    for end, _, _ in reader.match(
        "[with] [the] <x:Superlative> [ones|values|<e:Entity>|rows|value|one|numbers|figures] (first|on top|at top|at start|at beginning|come first|coming first|up top|leading|up front|in front)",
        at,
    ):
        word = reader.low(at + 1) if reader.low(at) in ("with", "the") else reader.low(at)
        much = _much(word)
        if word in AGES:
            yield end, AGES[word], 0.1
        elif much is not None:
            yield end, "down" if much else "up", 0.1
    for end, _, _ in reader.match(
        "[with] <x:Superlative> [ones|values|<e:Entity>|rows|value|one|numbers] (last|at bottom|at end|come last)", at
    ):
        much = _much(reader.low(at + 1) if reader.low(at) == "with" else reader.low(at))
        if much is not None:
            yield end, "up" if much else "down", 0.1


def _much(word: str) -> bool | None:
    """Whether a superlative means much: heaviest does, lightest does not; in time, newest is late."""
    if word in MEASURES:
        return MEASURES[word][1]
    if word in TIMES:
        return TIMES[word]
    if word in ("highest", "largest", "biggest", "greatest", "most", "top", "best", "maximum", "max"):
        return True
    if word in ("lowest", "smallest", "least", "fewest", "worst", "bottom", "minimum", "min"):
        return False
    return None


@slot("Comparative")
def comparative(reader: Reader, at: int) -> Iterator[Result]:
    """Heaviest, north, most expensive."""
    if reader.low(at) in MEASURES or reader.low(at) in TIMES:
        yield at + 1, reader.low(at), 0.0
    elif reader.low(at) in ("most", "least") and reader.low(at + 1) in ("expensive", "recent", "powerful", "populous"):
        yield at + 2, reader.low(at), 0.0


def _descending(reader: Reader, column: str, said: str | None) -> bool:
    if said in ("early", "late"):
        from_age = reader.column(column).type in NUMERIC and "age" in column.casefold().split("_")
        return (said == "late") != from_age
    return said == "down"


Keys = tuple[tuple[tuple[str, bool], ...], bool]


@slot("SortKeys")
def sort_keys(reader: Reader, at: int) -> Iterator[Result]:
    """Columns to sort by, each with its direction, and where nulls go."""
    for end, keys, cost in _keys(reader, at, (), 0.0):
        yield end, (keys, False), cost
        for stop, first, more in _nulls(reader, end, keys[0][0]):
            yield stop, (keys, first), cost + more
            # a direction may follow the nulls
            for last, said, extra in reader.slot("Direction", stop + (reader.low(stop) == ",")):
                if len(keys) == 1 and not keys[0][1]:
                    yield last, (((keys[0][0], _descending(reader, keys[0][0], said)),), first), cost + more + extra
        if len(keys) > 1 and not any(descending for _, descending in keys):
            yield from _all_keys(reader, end, tuple(name for name, _ in keys), cost)
    yield from _by_words(reader, at)


def _all_keys(reader: Reader, at: int, names: tuple[str, ...], cost: float) -> Iterator[Result]:
    """One direction for all keys: by gold, then silver, most medals first; by year and price, both descending."""
    for end, env, more in reader.match(
        "[,|LP|-|;|:] [and] (all|both|each|always|in each case) [of them|in] <d:Direction> [RP]", at
    ):
        yield end, (tuple((name, _descending(reader, name, env["d"])) for name in names), False), cost + more
    if any(reader.column(name).type not in NUMERIC for name in names):
        return
    for end, env, more in reader.match("[,|LP|-|;] [with|the] <x:Superlative> <w:Word> (first|at top|on top) [RP]", at):
        spoken = [token for token in reader.tokens[at:end] if token.low == env["w"]]
        if spoken and reader.index.column(spoken[-1:]) is None and not next(reader.slot("Entity", end), None):
            yield end, (tuple((name, env["x"]) for name in names), False), cost + more - 0.1


def _nulls(reader: Reader, at: int, column: str) -> Iterator[tuple[int, bool, float]]:
    blanks = "(@blanks|ones @blank|ones that are @blank|(whoever|anyone|anybody|everyone|those|any|whatever|the ones|all|ones|<e:Entity>) (has|have|had|that has|that have|who has|who have|which have|with|without|lacking|has got|missing) [no|@blank|not any] <c:Col>|ones that have no <c:Col>|ones with no <c:Col>|ones without <c:Col>|ones without <c:Word>|ones with no <c:Word>|ones that have no <c:Word>|rows without <c:Col>|rows with no <c:Col>|@rows with @blank <c:Col>|@rows with @blanks|rows without value|@rows without one|unknown ones|unknowns|@blank ones|<e:Entity> without <c:Col>|<e:Entity> with no <c:Col>|@rows that have none|@blank <c:Col>|ones without value|@blank @rows)"
    lead = "[,|(|;|and|-] [and] [put|with|leave|leaving|keep|keeping|place|placing|any|have|list|move|so that|make sure] [@all|any] [rows with|rows that are] "
    for end, _, cost in reader.match(
        f"{lead} {blanks} [values|ones] [go|goes|going|come|comes|coming|should (be|go|come)|are|is|stay|stays|put|placed|sorted|listed|belong|belongs] [@all|right|very] (last|at end|at bottom|at very end|at very bottom|at foot|to end|to bottom|in last place|end|at last|on bottom|bottom) [of @table|of list] [RP]",
        at,
    ):
        yield end, False, cost
    for end, _, cost in reader.match(
        f"{lead} {blanks} [values|ones] [go|going|come|coming|should (be|go|come)|are|stay|put|placed] [@all|right|very] (first|at top|at start|at beginning|at very top|on top|at front|to top|to front|in front|in first place|at head) [of @table|of list] [RP]",
        at,
    ):
        yield end, True, cost


def _keys(
    reader: Reader, at: int, found: tuple[tuple[str, bool], ...], cost: float
) -> Iterator[tuple[int, tuple[tuple[str, bool], ...], float]]:
    starts = {at}
    lead = reader.first(
        "[by] [ascending|descending] [order of|the]|[in] (ascending|descending) [order] [of|by|on]|alphabetically by|by|reverse|on",
        at,
    )
    before: str | None = None
    for start in starts:
        yield from _one_key(reader, start, found, cost, before)
    for words, said in (
        (
            "[in] (ascending|increasing|asc|rising|alphabetical|alphabetic) [order] [of|by|on]|alphabetically by|ascending by|ascending",
            "up",
        ),
        (
            "[in] (descending|decreasing|desc|falling|reverse|reverse alphabetical) [order] [of|by|on]|descending by|reverse",
            "down",
        ),
        ("[in] chronological [order] [of|by]|chronologically by", "early"),
        ("[in] reverse chronological [order] [of|by]|reverse chronologically by", "late"),
    ):
        end = reader.first(words, at)
        if end is not None:
            yield from _one_key(reader, end, found, cost, said)
    for end, env, more in reader.match("<d:Direction> [order] (by|of|on|according to|in terms of)", at):
        yield from _one_key(reader, end, found, cost + more, env["d"])
    if lead is not None and reader.low(at) in ("by", "on"):
        yield from _one_key(reader, at + 1, found, cost, None)
    # highest price first: the superlative before the column
    for end, env, more in reader.match(
        "[with|the] <x:Extreme> <c:Col> (first|at top|on top|at start|up top|leading|at beginning)", at
    ):
        word = reader.low(at + 1) if reader.low(at) in ("with", "the") else reader.low(at)
        if word in AGES or (word in MEASURES and reader.column(env["c"]).type is LogicalType.STRING):
            continue  # the hottest city is not one whose name is hot
        yield end, (*found, (env["c"], env["x"])), cost + more
        yield from _next_key(reader, end, (*found, (env["c"], env["x"])), cost + more)
    for end, env, more in reader.match(
        "[with|the] <s:Measured> [<e:Entity>|@rows|ones|<c:Col>] (first|at top|on top)", at
    ):
        if env["s"][0] not in dict(found) and ("c" not in env or reader.column(env["c"]).type is LogicalType.STRING):
            yield end, (*found, env["s"]), cost + more + 0.2
    for end, key_, more in contrasted(reader, at):
        if key_[0] not in dict(found):
            yield end, (*found, key_), cost + more
            yield from _next_key(reader, end, (*found, key_), cost + more)
    for end, env, more in reader.match("[with] (last|final) <c:Col> (first|at top|on top)", at):
        if reader.column(env["c"]).type in (*NUMERIC, *TEMPORAL):
            yield end, (*found, (env["c"], True)), cost + more + 0.1
            yield from _next_key(reader, end, (*found, (env["c"], True)), cost + more + 0.1)
    for end, env, more in reader.match(
        "[from] <x:Superlative> [number of] <c:Col> [values|value] to [the] <y:Superlative> [number of] [<d:Col>]", at
    ):
        if env["x"] != env["y"] and env.get("d", env["c"]) == env["c"]:
            yield end, (*found, (env["c"], env["x"])), cost + more
            yield from _next_key(reader, end, (*found, (env["c"], env["x"])), cost + more)
    for end, env, more in reader.match("[with|the] (best|worst) <c:Col> (first|at top|on top)", at):
        good = better(env["c"])
        if good is not None:
            much = good == (reader.low(end) != "worst" and "best" in (reader.low(at), reader.low(at + 1)))
            yield end, (*found, (env["c"], much)), cost + more + 0.2
    for end, env, more in reader.match("[with|the] <x:Extreme> <c:Col> (last|at bottom|at end)", at):
        yield end, (*found, (env["c"], not env["x"])), cost + more
    for end, env, more in reader.match("[with] <x:Superlative> <c:Col> (first|at top|on top)", at):
        word = reader.low(at + 1) if reader.low(at) == "with" else reader.low(at)
        if word in TIMES or word in AGES:
            key_ = (env["c"], _descending(reader, env["c"], AGES.get(word, "late" if TIMES.get(word) else "early")))
            yield end, (*found, key_), cost + more + 0.1


def _one_key(
    reader: Reader, at: int, found: tuple[tuple[str, bool], ...], cost: float, before: str | None
) -> Iterator[tuple[int, tuple[tuple[str, bool], ...], float]]:
    for end, column, more in reader.slot("Col", at):
        options: list[tuple[int, str | None, float]] = [(end, before, 0.0)]
        for start in {
            end,
            end + (reader.low(end) in (",", "(", "-", ":", "in", "from", "and")),
            reader.first(", (and|with)|, in|LP in", end) or end,
        }:
            for stop, said, extra in reader.slot("Direction", start):
                if turned(reader, column, start, stop):
                    said = "up" if said == "down" else "down"
                if before is not None and said != before:
                    reader.note(
                        stop,
                        ask(
                            "contradictory",
                            f"'{column}' in which direction: ascending or descending?",
                            ["ascending", "descending"],
                        ),
                        4.0,
                    )
                    continue
                if reader.low(stop) == ")" and reader.low(end) == "(":
                    stop += 1
                options.append((stop, said, extra))
                # largest first, descending: both say the same
                again = stop + (reader.low(stop) in (",", "(", "-"))
                for last, twice, once_more in reader.slot("Direction", again):
                    same = _descending(reader, column, said) == _descending(reader, column, twice)
                    if same:
                        options.append(
                            (last + (reader.low(last) == ")" and reader.low(stop) == "("), said, extra + once_more)
                        )
                    else:
                        reader.note(
                            last,
                            ask(
                                "contradictory",
                                f"'{column}' cannot be in ascending and in descending order. Which one?",
                                ["ascending", "descending"],
                            ),
                            4.0,
                        )
        for stop, said, extra in options:
            keys = (*found, (column, _descending(reader, column, said)))
            yield stop, keys, cost + more + extra
            yield from _next_key(reader, stop, keys, cost + more + extra)


def _next_key(
    reader: Reader, at: int, keys: tuple[tuple[str, bool], ...], cost: float
) -> Iterator[tuple[int, tuple[tuple[str, bool], ...], float]]:
    if len(keys) > 8:
        return
    follows = {
        end
        for end, _, _ in reader.match(
            "[,] [and] [then] [,] (inside|within|in|per|for) [each|every|the same|same|one] <c:Col> [,] [by]|, and then within (each|that|every|it|equal ones|same <c:Col>|each <c:Col>|those) [<c:Col>] by|(, and then by|, then by|and then by|then by|and within it by|within it by|, within it by|, and within it by|and inside it by|and within them by|within those by|, then|then|and then|, and then|, and by|and by|, and|and|,|, by|& |, within that by|within that by|, and within that by|, within that|; then by|; then|and within that by|and within each <c:Col> by|, and within each <c:Col> by|within each <c:Col> by|, within each <c:Col> by|, ties by|, ties broken by|and break ties by|, breaking ties by|breaking ties by|, break ties by|, using|, tie break by|with ties broken by|, with ties broken by|, and ties by|, and for ties by|, for ties by|, if equal by|, and for equal <c:Col> by|and if same by|, then on|, and if those are equal by|with ties by|and ties by|, and in case of a tie by|, and in case of tie by|in case of ties by|, in case of ties by|and within a <c:Col> by|within <c:Col> by|, within <c:Col> by|and within <c:Col> by|, and within <c:Col> by|, and inside each <c:Col> by|and inside each <c:Col> by|, and within a <c:Col> by|[,] [and] [then] (within|inside|in) [each|every|the same|same] <c:Col> [,])",
            at,
        )
    }
    for follow in follows:
        yield from _keys(reader, follow, keys, cost + 0.02)


def _by_words(reader: Reader, at: int) -> Iterator[Result]:
    """Orders that name no column: from north to south, newest first, heaviest first."""
    for words, wanted, descending in (
        (
            "from north to south|north to south|northernmost first|from northernmost to southernmost",
            ("lat", "latitude"),
            True,
        ),
        (
            "from south to north|south to north|southernmost first|from southernmost to northernmost",
            ("lat", "latitude"),
            False,
        ),
        ("from east to west|east to west|easternmost first", ("lon", "longitude", "lng", "long"), True),
        ("from west to east|west to east|westernmost first", ("lon", "longitude", "lng", "long"), False),
    ):
        end = reader.first(words, at)
        if end is not None:
            columns = [name for name in reader.view.names if name.casefold() in wanted]
            if len(columns) == 1:
                yield end, (((columns[0], descending),), False), 0.3
    for end, env, cost in reader.match(
        "[from] <s:Measured> [<e:Entity>|@rows|ones] (first|to <w:Comparative>|on top|at top) [by|on|according to] [<c:Col>]|[from] <s:Measured> to <w:Comparative>",
        at,
    ):
        column, descending = env["s"]
        if "c" in env and env["c"] != column:
            continue
        yield end, (((column, descending),), False), cost
        for stop, first, more in _nulls(reader, end, column):
            yield stop, (((column, descending),), first), cost + more
    moments = reader.of_type(TEMPORAL)
    for words, late in (("@early", False), ("@late", True)):
        end = reader.first(words, at)
        if end is not None and len(moments) == 1:
            yield end, (((moments[0], late),), False), 0.4
    for end, env, cost in reader.match(
        "<x:Superlative> [<e:Entity>|@rows|ones] (first|on top|at top) [,] (by|on|according to|in terms of|judged by|measured by|based on|using|going by) <c:Col>",
        at,
    ):
        much = _much(reader.low(at))
        if much is not None:
            column = env["c"]
            if reader.low(at) in PACE and measures_time(reader, column):
                much = PACE[reader.low(at)]
            aged = "age" in column.casefold() and reader.column(column).type in NUMERIC
            descending = TIMES[reader.low(at)] if reader.low(at) in TIMES and not aged else much
            yield end, (((column, descending),), False), cost
            for stop, first, more in _nulls(reader, end, column):
                yield stop, (((column, descending),), first), cost + more


TEXT_ONLY = frozenset({LogicalType.STRING})
