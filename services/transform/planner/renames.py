"""Readers of pairs of names, of styles of names and of signs that take each other's place."""

from collections.abc import Iterator

from services.transform.frames.columns import _STYLES
from services.transform.planner.lexicon import SEPARATORS
from services.transform.planner.reading import Reader, Result, slot

_TO = "to|into|as|->|=>|→|=|should be|becomes|become|is now|so it is called|to be|to read|be|, should be"


@slot("Renames")
def renames(reader: Reader, at: int) -> Iterator[Result]:
    """a to b, c to d; a, b and c to d, e and f."""
    yield from _pairs(
        reader, at, f"<c:Col> [column] ({_TO}) [@column|be called|called|simply|just|name|header] <n:Name>", ()
    )
    for end, env, cost in reader.match(
        f"<c:Cols> ({_TO}) [columns|be called|called|simply|just] <n:Names> [respectively|in that order|, respectively]",
        at,
    ):
        if len(env["c"]) == len(env["n"]) > 1:
            yield end, tuple(zip(env["c"], env["n"], strict=True)), cost + 0.05


@slot("RenamesOfName")
def renames_of_name(reader: Reader, at: int) -> Iterator[Result]:
    """a's name to b."""
    yield from _pairs(reader, at, f"<c:Col> ['s] (name|header|title|label|heading|column name) ({_TO}) <n:Name>", ())
    yield from _pairs(reader, at, f"<c:Col> [column] ['s] (name|header|title|label|heading) ({_TO}) <n:Name>", ())


@slot("RenamesCall")
def renames_call(reader: Reader, at: int) -> Iterator[Result]:
    """a b."""
    yield from _pairs(reader, at, "<c:Col> [column] [simply|just|as|:|now] <n:Name> [instead]", ())


@slot("RenamesShould")
def renames_should(reader: Reader, at: int) -> Iterator[Result]:
    """a should be called b."""
    yield from _pairs(
        reader,
        at,
        "<c:Col> [column] (should|must|has to|needs to|is to|shall|ought to|to) [now|really|@only] be [now|re] (called|named|renamed|renamed to|labelled|labeled|renamed as|titled|known as) [to|as] [simply|just] <n:Name> [instead]",
        (),
    )
    for end, env, cost in reader.match("<c:Cols> (become|becomes|should become|turn into) <n:Names>", at):
        if len(env["c"]) == len(env["n"]) and all(reader.view.column(one) is None for one in env["n"]):
            yield end, tuple(zip(env["c"], env["n"], strict=True)), cost + 0.3
    for end, env, cost in reader.match(
        "<c:Cols> (should|must|have to|need to|are to|shall|ought to) be [now] (called|named|renamed|renamed to|labelled|labeled) [to] <n:Names> [respectively|, respectively|in that order]",
        at,
    ):
        if len(env["c"]) == len(env["n"]):
            yield end, tuple(zip(env["c"], env["n"], strict=True)), cost


@slot("RenamesBe")
def renames_be(reader: Reader, at: int) -> Iterator[Result]:
    """a to be called b."""
    yield from _pairs(
        reader,
        at,
        "<c:Col> [column] [to be|be|renamed|as|should be] (called|named|renamed to|renamed|labelled|labeled|known as|titled) [to|as] <n:Name> [instead]",
        (),
    )


@slot("RenamesArrow")
def renames_arrow(reader: Reader, at: int) -> Iterator[Result]:
    """a -> b, c -> d."""
    yield from _pairs(reader, at, "<c:Col> (->|=>|→) <n:Name>", ())


def _pairs(reader: Reader, at: int, pattern: str, found: tuple[tuple[str, str], ...]) -> Iterator[Result]:
    for end, env, cost in reader.match(pattern, at):
        pairs = (*found, (env["c"], env["n"]))
        if env["c"] in dict(found):
            continue
        yield end, pairs, cost
        if len(pairs) < 30:
            follows = {
                stop
                for stop, _, _ in reader.match(
                    "(,|and|, and|;|&|as well as|and also|\n|, then|; and|then|and rename|, rename|and column|also|, and rename|and call|, call) [@column]",
                    end,
                )
            }
            for follow in follows:
                for stop, rest, more in _pairs(reader, follow, pattern, pairs):
                    yield stop, rest, cost + more
                # `a should be called b and c d`: the verb is not said again
                for stop, said, more in reader.match("<c:Col> [to|as|,] <n:NewName>", follow):
                    if said["c"] not in dict(pairs) and "called" in pattern:
                        yield stop, (*pairs, (said["c"], said["n"])), cost + more + 0.4


@slot("Style")
def style(reader: Reader, at: int) -> Iterator[Result]:
    """A style of names."""
    for words, said in _STYLES:
        end = reader.first(words, at)
        if end is not None:
            yield end, said, 0.0


_PLURAL = {"brackets": ("(", ")"), "parentheses": ("(", ")"), "spaces": (" ",), "space": (" ",)}


@slot("Swap")
def swap(reader: Reader, at: int) -> Iterator[Result]:
    """Dots with underscores; underscores instead of spaces."""
    for end, env, cost in reader.match(
        "[@all|any] <a:Gone> (with|by|to|into|for|->|become) [@all|single|an] <b:Sep> [instead]", at
    ):
        yield end, (env["a"], env["b"]), cost
    for end, env, cost in reader.match(
        "<b:Sep> (instead of|in place of|rather than|for|where there are|not) [@all|any] <a:Gone>", at
    ):
        yield end, (env["a"], env["b"]), cost


@slot("Gone")
def gone(reader: Reader, at: int) -> Iterator[Result]:
    """One sign, or several of them."""
    for end, env, cost in reader.match("<a:OneGone> (and|or|,|, and|/) [@all] <b:OneGone>", at):
        yield end, (*env["a"], *env["b"]), cost
    yield from reader.slot("OneGone", at)


@slot("OneGone")
def one_gone(reader: Reader, at: int) -> Iterator[Result]:
    """A sign by its name, or what was quoted."""
    low = reader.low(at)
    if low in _PLURAL:
        yield at + 1, _PLURAL[low], 0.0
    elif low in SEPARATORS:
        yield at + 1, (SEPARATORS[low],), 0.0
    if at < len(reader.tokens):
        token = reader.tokens[at]
        if token.kind == "quoted" or (token.kind == "sign" and token.text not in "()"):
            yield at + 1, (token.text,), 0.0


@slot("FollowedBy")
def followed_by(reader: Reader, at: int) -> Iterator[Result]:
    """price, then date, and then the rest."""
    for end, env, cost in reader.match(
        "<c:Cols> [, then rest|then rest|, then everything else|and then rest|, and then rest|, rest after|, then others|, and rest|, and then everything else|, followed by rest|, then remaining columns|, then all others]",
        at,
    ):
        yield end, env["c"], cost
