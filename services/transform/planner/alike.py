"""Reader of columns that have something in common: their type, how their names begin or end, their place."""

from collections.abc import Iterator

from contracts.data import LogicalType
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, slot
from services.transform.planner.words import parts, stem


@slot("Alike")
def alike(reader: Reader, at: int) -> Iterator[Result]:
    """Columns by type, by how their names begin or end, or by place."""
    view = reader.view
    every = "[all|all of|every|each|any|everything|anything] [other] "
    for words, types in (
        ("numeric|number|numerical|numbers|quantitative", NUMERIC),
        ("text|string|textual|character|strings|categorical", frozenset({LogicalType.STRING})),
        ("date|time|datetime|dates|timestamp", TEMPORAL),
        ("boolean|true / false|logical|bool", frozenset({LogicalType.BOOLEAN})),
    ):
        names = tuple(reader.of_type(types))
        if not names:
            continue
        other = tuple(name for name in view.names if name not in names)
        for end, _, cost in reader.match(f"{every} ({words}) [typed|type] @columns", at):
            yield end, names, cost + 0.05
        for end, _, cost in reader.match(
            f"{every} [@columns] (that|which) (are|hold|contain|have) [only] ({words}|numbers|text) [values|data|type|columns]|{every} @columns (with|of|containing|holding) [only] ({words}) [values|data|type]",
            at,
        ):
            yield end, names, cost + 0.1
        for end, _, cost in reader.match(
            f"{every} (non|not) [-] ({words}) @columns|{every} @columns that are not ({words})", at
        ):
            yield end, other, cost + 0.05
    for end, env, cost in reader.match("<what:Word> (columns|fields)", at):  # the bill columns
        names = tuple(name for name in view.names if stem(env["what"]) in map(stem, parts(name)))
        if len(names) > 1:
            yield end, names, cost + 0.2
    for end, env, cost in reader.match(
        f"{every} [@columns] [whose|with|that have|which have|where|having] [name|names|headers|header|their name|column name] [that|which] "
        "(start|starts|starting|begin|begins|beginning|prefixed) [with|by|in] [prefix] <what:Mark>",
        at,
    ):
        names = tuple(name for name in view.names if name.casefold().startswith(env["what"].casefold()))
        if names:
            yield end, names, cost
    for end, env, cost in reader.match(
        f"{every} [@columns] [whose|with|that have|which have|where|having] [name|names|headers|header|their name] [that|which] (end|ends|ending) [with|in|by] <what:Mark>"
        f"|{every} @columns with suffix <what:Mark>",
        at,
    ):
        names = tuple(name for name in view.names if name.casefold().endswith(env["what"].casefold()))
        if names:
            yield end, names, cost
    for end, env, cost in reader.match(
        f"{every} [@columns] [whose|with|that have|which have|where|having] [name|names|their name|header|headers] [that|which] (contain|contains|containing|include|includes|including|mention|mentions|mentioning|has|have|with|featuring) [word|text|letters|string] <what:Mark> [in (name|names|it|them|their name|header|their names|title|its name)]"
        f"|{every} @columns with [word|text] <what:Mark> in (name|names|their name|them|it|its name|header|their names|title)"
        f"|(every|each|any|all) <what:Mark> @columns|{every} @columns (about|related to|relating to|concerning|to do with|for|on|dealing with) <what:Mark>",
        at,
    ):
        names = tuple(name for name in view.names if env["what"].casefold() in name.casefold())
        if names:
            yield end, names, cost + 0.1
    for end, env, cost in reader.match("<p:Place> @column", at):
        if 0 < env["p"] <= len(view.names) or env["p"] == -1:
            yield end, (view.names[env["p"] - 1 if env["p"] > 0 else -1],), cost
    for end, env, cost in reader.match("first <n:Count> @columns", at):
        yield end, view.names[: env["n"]], cost
    for end, env, cost in reader.match("last <n:Count> @columns", at):
        yield end, view.names[len(view.names) - env["n"] :], cost
    for end, env, cost in reader.match(
        "[@all] @columns (from|between) <a:Col> (to|through|until|and|till|thru|up to|-) <b:Col>|@columns <a:Col> (to|through|until|till|thru|up to|-) <b:Col>|everything (from|between) <a:Col> (to|through|until|and|till|up to) <b:Col>|[from] <a:Col> (through|thru|up to and including) <b:Col>",
        at,
    ):
        first, last = view.names.index(env["a"]), view.names.index(env["b"])
        if first < last:
            yield end, view.names[first : last + 1], cost
    for end, env, cost in reader.match(
        "[@columns|years|months|weeks|quarters|days] <a:Col> (to|-|–|until) <b:Col> [@columns]", at
    ):
        if env["a"].isdigit() and env["b"].isdigit() and int(env["a"]) < int(env["b"]):
            whole = view.names[view.names.index(env["a"]) : view.names.index(env["b"]) + 1]
            if whole and all(name.isdigit() for name in whole):
                yield end, whole, cost
    for end, _, cost in reader.match(
        f"{every} @columns|everything|all of them|all of @columns|all|them all|whole (table|file|dataset|thing)", at
    ):
        yield end, view.names, cost + 0.3
    for end, env, cost in reader.match(
        "([all|all of|every] [other] [@columns]|everything|anything|all columns) (except|but|except for|apart from|other than|besides|bar|excluding|aside from|save for|save|minus|without|that is not|that are not|but not|not) [for] [@columns] <out:Cols>",
        at,
    ):
        rest = tuple(name for name in view.names if name not in env["out"])
        if rest:
            yield end, rest, cost + 0.05
