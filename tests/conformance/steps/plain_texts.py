"""Oracles in plain Python: texts, and what is nested in them."""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from tests.conformance.steps.subject import KEY, Case, Row


def put(name: str, value: Callable[[Row], Any]) -> Callable[[list[Row]], list[Row]]:
    """Each row with one column set."""
    return lambda rows: [row | {name: value(row)} for row in rows]


def several(*changes: Callable[[list[Row]], list[Row]]) -> Callable[[list[Row]], list[Row]]:
    """One change after the other."""

    def run(rows: list[Row]) -> list[Row]:
        for change in changes:
            rows = change(rows)
        return rows

    return run


def texts(name: str, value: Callable[[str], Any]) -> Callable[[list[Row]], list[Row]]:
    """Each row with one text changed, where there is one."""
    return put(name, lambda row: None if row[name] is None else value(row[name]))


def title(text: str) -> str:
    words = re.findall(r"[^\W_][\w'’\u0300-\u036f]*|[\W_]+", text)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def snake(text: str) -> str:
    """Letter by letter: a capital begins a word after a small letter or a digit, or before a small one."""
    parts: list[str] = []
    for at, letter in enumerate(text):
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        sign = unicodedata.category(letter)[0] not in "LMN"
        begins = letter.isupper() and (before.islower() or before.isdigit() or (before.isupper() and after.islower()))
        parts.append("_" if sign else ("_" if begins and parts else "") + letter)
    return re.sub("_+", "_", "".join(parts)).strip("_").lower()


def accents(text: str) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", bare)


def replaced(row: Row, pieces: dict[str, Any], *gone: str) -> Row:
    """The row with new columns in the place of the first that goes."""
    found: Row = {}
    for name, value in row.items():
        if name not in gone:
            found[name] = value
        elif name == gone[0]:
            found |= pieces
    return found


def split(row: Row, separator: str, into: list[str], rest: str, keep: bool) -> Row:
    text = row["name"]
    found = [] if text is None else text.split(separator, len(into) - 1 if rest == "last" else -1)
    pieces = {name: found[at] if at < len(found) else None for at, name in enumerate(into)}
    return row | pieces if keep else replaced(row, pieces, "name")


def split_pattern(row: Row, into: list[str], rest: str) -> Row:
    text = row["name"]
    found = [] if text is None else re.split("[ ;,-]", text, maxsplit=len(into) - 1 if rest == "last" else 0)
    return row | {name: found[at] if at < len(found) else None for at, name in enumerate(into)}


def joined(row: Row, names: list[str], between: str, skip: bool) -> str | None:
    parts = [None if row[name] is None else written(row[name]) for name in names]
    there = [part for part in parts if part is not None]
    if not there or (not skip and len(there) < len(parts)):
        return None
    return between.join(there)


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def extract(row: Row, pattern: str, into: list[str]) -> Row:
    found = None if row["name"] is None else re.search(pattern, row["name"])
    return row | {name: None if found is None else found.group(at + 1) for at, name in enumerate(into)}


def spelled(value: Any) -> str | None:
    """A value of JSON as the text of its own, or as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def lines(row: Row) -> list[Row]:
    """A row for each element of an array; what is no array stands for itself with nothing."""
    document = None if row["txt"] is None else json.loads(row["txt"])
    return [row | {"txt": spelled(one)} for one in document] if document else [row | {"txt": None}]


def walk(document: Any, *path: Any) -> Any:
    for one in path:
        try:
            document = document[one] if isinstance(document, dict if isinstance(one, str) else list) else None
        except (KeyError, IndexError):
            return None
    return document


def integer(value: Any) -> int | None:
    text = spelled(value)
    return int(text) if text is not None and re.fullmatch(r"[+-]?\d+", text) else None


def real(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(spelled(value) or "x")
    except ValueError:
        return None


def parsed(row: Row) -> Any:
    return None if row["js"] is None else json.loads(row["js"])


def flat(row: Row) -> Row:
    at = parsed(row)
    new = {
        "a": integer(walk(at, "a")),
        "d": real(walk(at, "b", "c", 1, "d")),
        "s": spelled(walk(at, "s")),
        "c": spelled(walk(at, "b", "c")),
    }
    return replaced(row, new, "js")


def flat_rows(row: Row) -> list[Row]:
    found = walk(parsed(row), "b", "c")
    elements = found if isinstance(found, list) and found else [None]
    return [row | {"d": real(walk(one, "d")), "one": integer(walk(one, 0))} for one in elements]


def masked_email(text: str) -> str:
    found = re.fullmatch(r"\s*([^@\s])[^@\s]*@([^@\s]+)\s*", text)
    return "***" if found is None else f"{found[1]}***@{found[2]}"


def masked_phone(text: str) -> str:
    places = [at for at, sign in enumerate(text) if sign in "0123456789"]
    hidden = set(places[:-4] if len(places) > 4 else places)
    return "".join("*" if at in hidden else sign for at, sign in enumerate(text))


OPERATIONS: list[tuple[dict[str, Any], Callable[[str], Any]]] = [
    ({"kind": "trim"}, str.strip),
    ({"kind": "trim_start", "characters": "a "}, lambda text: text.lstrip("a ")),
    ({"kind": "trim_end"}, str.rstrip),
    ({"kind": "collapse"}, lambda text: " ".join(text.split())),
    ({"kind": "upper"}, str.upper),
    ({"kind": "lower"}, str.lower),
    ({"kind": "title"}, title),
    ({"kind": "capitalize"}, lambda text: text[:1].upper() + text[1:].lower()),
    ({"kind": "strip_accents"}, accents),
    ({"kind": "snake"}, snake),
    ({"kind": "digits"}, lambda text: re.sub("[^0-9]", "", text)),
    ({"kind": "null_if_empty"}, lambda text: text or None),
    ({"kind": "pad_start", "length": 5, "fill": "é"}, lambda text: text.rjust(5, "é")),
    ({"kind": "pad_end", "length": 4}, lambda text: text.ljust(4)),
    ({"kind": "slice", "start": 1, "length": 3}, lambda text: text[1:4]),
    ({"kind": "slice", "start": -2}, lambda text: text[-2:]),
    ({"kind": "normalize_unicode", "form": "NFD"}, lambda text: unicodedata.normalize("NFD", text)),
    ({"kind": "normalize_unicode", "form": "NFKC"}, lambda text: unicodedata.normalize("NFKC", text)),
    ({"kind": "remove_prefix", "text": "a"}, lambda text: text.removeprefix("a")),
    ({"kind": "remove_suffix", "text": "b"}, lambda text: text.removesuffix("b")),
    ({"kind": "add_prefix", "text": "$1"}, lambda text: "$1" + text),
    ({"kind": "add_suffix", "text": "."}, lambda text: text + "."),
]


CASES = [
    *(
        Case({"kind": "text", "columns": ["name"], "operations": [operation]}, texts("name", expected))
        for operation, expected in OPERATIONS
    ),
    Case(
        {"kind": "text", "columns": ["name", "txt"], "operations": [{"kind": "collapse"}, {"kind": "upper"}]},
        lambda rows: texts("txt", lambda t: " ".join(t.split()).upper())(
            texts("name", lambda t: " ".join(t.split()).upper())(rows)
        ),
    ),
    Case(
        {"kind": "replace_text", "columns": ["name"], "pattern": "([a-z])([0-9])", "replacement": "\\2$\\1"},
        texts("name", lambda text: re.sub("([a-z])([0-9])", r"\2$\1", text)),
    ),
    Case(
        {"kind": "replace_text", "columns": ["name"], "pattern": "*", "replacement": "\\1", "literal": True},
        texts("name", lambda text: text.replace("*", "\\1")),
    ),
    Case(
        {
            "kind": "replace_text",
            "columns": ["name"],
            "pattern": "A",
            "replacement": "$0",
            "literal": True,
            "ignore_case": True,
        },
        texts("name", lambda text: re.sub("a", "$0", text, flags=re.I)),
    ),
    *(
        Case(
            {"kind": "split", "column": "name", "separator": ";", "into": ["p", "q"], "rest": rest, "keep": keep},
            lambda rows, rest=rest, keep=keep: [split(row, ";", ["p", "q"], rest, keep) for row in rows],
        )
        for rest in ("last", "drop")
        for keep in (True, False)
    ),
    *(
        Case(
            {
                "kind": "split",
                "column": "name",
                "pattern": "[ ;,-]",
                "into": ["p", "q", "r"],
                "rest": rest,
                "keep": True,
            },
            lambda rows, rest=rest: [split_pattern(row, ["p", "q", "r"], rest) for row in rows],
        )
        for rest in ("last", "drop")
    ),
    Case(
        {"kind": "join_columns", "columns": ["name", "k", "ok", "day"], "column": "all", "separator": ", "},
        put("all", lambda row: joined(row, ["name", "k", "ok", "day"], ", ", True)),
    ),
    Case(
        {"kind": "join_columns", "columns": ["k", "name"], "column": "k", "skip_null": False, "keep": False},
        lambda rows: [replaced(row, {"k": joined(row, ["k", "name"], "", False)}, "k", "name") for row in rows],
    ),
    Case(
        {"kind": "extract", "column": "name", "pattern": "([a-z])([0-9]+)", "into": ["letter", "number"]},
        lambda rows: [extract(row, "([a-z])([0-9]+)", ["letter", "number"]) for row in rows],
    ),
    Case(
        {"kind": "extract", "column": "name", "pattern": "[0-9]+", "into": ["number"], "keep": False},
        lambda rows: [
            replaced(row, {"number": extract(row, "([0-9]+)", ["number"])["number"]}, "name") for row in rows
        ],
    ),
    Case(
        {"kind": "explode", "column": "name", "separator": ";"},
        lambda rows: [
            row | {"name": part}
            for row in rows
            for part in (row["name"].split(";") if row["name"] is not None else [None])
        ],
    ),
    Case(
        {"kind": "explode", "column": "name", "separator": " ", "into": "word"},
        lambda rows: [
            row | {"word": part}
            for row in rows
            for part in (row["name"].split(" ") if row["name"] is not None else [None])
        ],
    ),
    Case(
        {
            "kind": "flatten",
            "column": "js",
            "fields": {
                "a": {"path": "a", "type": "integer"},
                "d": {"path": 'b["c"][1].d', "type": "float"},
                "s": {"path": "s"},
                "c": {"path": "$.b.c"},
            },
        },
        lambda rows: [flat(row) for row in rows],
    ),
    Case(
        {
            "kind": "flatten",
            "column": "js",
            "rows": "b.c",
            "fields": {"d": {"path": "d", "type": "float"}, "one": {"path": "[0]", "type": "integer"}},
            "keep": True,
        },
        lambda rows: [one for row in rows for one in flat_rows(row)],
    ),
    Case(
        {
            "kind": "unnest_json",
            "column": "js",
            "fields": {"a": "integer", "s": "string", "k y": "boolean"},
            "prefix": "j.",
        },
        lambda rows: [
            replaced(
                row,
                {
                    "j.a": integer(walk(parsed(row), "a")),
                    "j.s": spelled(walk(parsed(row), "s")),
                    "j.k y": walk(parsed(row), "k y"),
                },
                "js",
            )
            for row in rows
        ],
    ),
    Case(
        {"kind": "mask", "columns": ["name"], "method": "hash"},
        texts("name", lambda t: hashlib.sha256(t.encode()).hexdigest()),
    ),
    Case(
        {"kind": "mask", "columns": ["name"], "method": "keyed_hash"},
        texts("name", lambda t: hmac.new(KEY, t.encode(), "sha256").hexdigest()),
    ),
    Case(
        {"kind": "mask", "columns": ["k"], "method": "hash"},
        put("k", lambda row: None if row["k"] is None else hashlib.sha256(str(row["k"]).encode()).hexdigest()),
    ),
    Case({"kind": "mask", "columns": ["name"], "method": "email"}, texts("name", masked_email)),
    Case({"kind": "mask", "columns": ["name"], "method": "phone"}, texts("name", masked_phone)),
    Case({"kind": "mask", "columns": ["name"], "method": "redact", "character": "#"}, texts("name", lambda t: "###")),
    Case(
        {"kind": "mask", "columns": ["name"], "method": "partial", "keep": 2, "character": "$"},
        texts("name", lambda t: "$" * len(t) if len(t) <= 2 else "$" * (len(t) - 2) + t[-2:]),
    ),
]
CASES.append(Case({"kind": "explode", "column": "txt"}, lambda rows: [one for row in rows for one in lines(row)]))
