"""Compares two generations of a JSON Schema or an OpenAPI document, and calls what it cannot judge incompatible."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = Any
# Words for people: they promise nothing to a program.
_PROSE = frozenset(
    {"title", "description", "examples", "example", "summary", "tags", "operationId", "$comment", "x-public"}
)
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})


class Verdict(StrEnum):
    """What a change means for those who read or call what was there before."""

    COMPATIBLE = "compatible"
    BREAKING = "breaking"
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True)
class Change:
    """One difference: where, what it means, and a sentence."""

    pointer: str
    verdict: Verdict
    sentence: str

    @property
    def refused(self) -> bool:
        """Whether the change may not land inside a version."""
        return self.verdict is not Verdict.COMPATIBLE


def compare_schemas(old: Json, new: Json) -> list[Change]:
    """Differences of a message that one side writes and others read: it may grow by optional fields only."""
    return list(_schema(old, new, old, new, "", writes=True, seen=frozenset()))


def compare_openapi(old: Json, new: Json) -> list[Change]:
    """Differences of an HTTP API: operations, parameters, requests (may ask for less), answers (may say more)."""
    return list(_openapi(old, new))


def _breaking(pointer: str, sentence: str) -> Change:
    return Change(pointer or "/", Verdict.BREAKING, sentence)


def _compatible(pointer: str, sentence: str) -> Change:
    return Change(pointer or "/", Verdict.COMPATIBLE, sentence)


def _resolve(schema: Json, root: Json) -> Json:
    while isinstance(schema, dict) and "$ref" in schema:
        target: Json = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **rest}
    return schema


def _schema(
    old: Json,
    new: Json,
    old_root: Json,
    new_root: Json,
    pointer: str,
    *,
    writes: bool,
    seen: frozenset[tuple[str, str]],
) -> Iterator[Change]:
    """`writes`: our side writes and others read (events, answers); otherwise others write and we read (requests)."""
    pair = (
        (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if isinstance(old, dict) and isinstance(new, dict)
        else ("", "")
    )
    if pair != ("", "") and pair in seen:
        return
    seen |= {pair}
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield Change(pointer or "/", Verdict.UNCLASSIFIED, f"{old!r} became {new!r}")
        return
    handled = _PROSE | {"properties", "required", "enum", "items", "anyOf", "oneOf", "prefixItems", "$defs", "default"}
    handled |= {"additionalProperties", "discriminator", "components"}
    marked = new.get("x-grows") is True
    grows = marked and "discriminator" in old and "discriminator" in new
    if grows or (marked and "enum" in old and "enum" in new):
        handled |= {"x-grows"}
    for keyword in sorted((set(old) | set(new)) - handled):
        if old.get(keyword) != new.get(keyword):
            verdict = Verdict.BREAKING if keyword in {"type", "format", "const"} else Verdict.UNCLASSIFIED
            yield Change(
                f"{pointer}/{keyword}", verdict, f"{keyword} was {old.get(keyword)!r} and is {new.get(keyword)!r}"
            )
    # A list of words that is said to grow: its readers expect some that they do not know.
    wider = (marked or not writes) and set(old.get("enum", ())) <= set(new.get("enum", ()))
    if old.get("enum") != new.get("enum") and not (wider and "enum" in old and "enum" in new):
        yield _breaking(f"{pointer}/enum", f"the allowed values were {old.get('enum')} and are {new.get('enum')}")
    yield from _properties(old, new, old_root, new_root, pointer, writes=writes, seen=seen)
    if grows:
        yield from _alternatives(old, new, old_root, new_root, pointer, seen=seen)
    for keyword in ("anyOf", "oneOf", "prefixItems"):
        before, after = old.get(keyword), new.get(keyword)
        if (before is None and after is None) or (keyword == "oneOf" and grows):
            continue
        if keyword == "anyOf" and not writes and before and after and all(one in after for one in before):
            continue
        if before is None or after is None or len(before) != len(after):
            yield _breaking(f"{pointer}/{keyword}", "the alternatives are not the same number as before")
            continue
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _schema(
                one, other, old_root, new_root, f"{pointer}/{keyword}/{number}", writes=writes, seen=seen
            )
    for keyword in ("items", "additionalProperties"):
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            # The same words may stand for something else: a reference is followed.
            if isinstance(before, dict):
                yield from _schema(before, after, old_root, new_root, f"{pointer}/{keyword}", writes=writes, seen=seen)
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _schema(before, after, old_root, new_root, f"{pointer}/{keyword}", writes=writes, seen=seen)
        else:
            yield _breaking(f"{pointer}/{keyword}", f"{keyword} was {before!r} and is {after!r}")


def _alternatives(
    old: Json, new: Json, old_root: Json, new_root: Json, pointer: str, *, seen: frozenset[tuple[str, str]]
) -> Iterator[Change]:
    """A language that people write (`x-grows`): it may get new words, and a word may take more than it did.

    What is shown to people is what they wrote, so also answers are judged as what is read.
    """
    before, after = old["discriminator"]["mapping"], new["discriminator"]["mapping"]
    for name in sorted(set(before) - set(after)):
        yield _breaking(f"{pointer}/oneOf/{name}", f"the alternative {name!r} was removed (or renamed)")
    for name in sorted(set(after) - set(before)):
        yield _compatible(f"{pointer}/oneOf/{name}", f"the alternative {name!r} was added")
    for name in sorted(set(before) & set(after)):
        yield from _schema(
            {"$ref": before[name]},
            {"$ref": after[name]},
            old_root,
            new_root,
            f"{pointer}/oneOf/{name}",
            writes=False,
            seen=seen,
        )


def _properties(
    old: Json,
    new: Json,
    old_root: Json,
    new_root: Json,
    pointer: str,
    *,
    writes: bool,
    seen: frozenset[tuple[str, str]],
) -> Iterator[Change]:
    before, after = old.get("properties", {}), new.get("properties", {})
    demanded, demands = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(set(before) - set(after)):
        yield _breaking(f"{pointer}/properties/{name}", f"field {name!r} was removed (or renamed)")
    for name in sorted(set(after) - set(before)):
        if name in demands and not writes:
            yield _breaking(
                f"{pointer}/properties/{name}", f"new field {name!r} is required: old callers do not send it"
            )
        elif name in demands:
            yield _breaking(
                f"{pointer}/properties/{name}", f"new field {name!r} is required: what is stored already lacks it"
            )
        else:
            yield _compatible(f"{pointer}/properties/{name}", f"optional field {name!r} was added")
    for name in sorted(set(before) & set(after)):
        where = f"{pointer}/properties/{name}"
        if name in demands - demanded:
            yield _breaking(where, f"field {name!r} was optional and is required")
        if name in demanded - demands:
            if writes:
                yield _breaking(where, f"field {name!r} was always there and may now be missing")
            else:
                yield _compatible(where, f"field {name!r} is no longer required")
        yield from _schema(before[name], after[name], old_root, new_root, where, writes=writes, seen=seen)


def _openapi(old: Json, new: Json) -> Iterator[Change]:
    for path in sorted(set(old["paths"]) - set(new["paths"])):
        yield _breaking(f"/paths/{path}", f"path {path} was removed")
    for path in sorted(set(new["paths"]) - set(old["paths"])):
        yield _compatible(f"/paths/{path}", f"path {path} was added")
    for path in sorted(set(old["paths"]) & set(new["paths"])):
        before, after = old["paths"][path], new["paths"][path]
        for method in sorted((set(before) | set(after)) & _METHODS):
            where = f"/paths/{path}/{method}"
            if method not in after:
                yield _breaking(where, f"{method.upper()} {path} was removed")
            elif method not in before:
                yield _compatible(where, f"{method.upper()} {path} was added")
            else:
                yield from _operation(before[method], after[method], old, new, where)


def _operation(before: Json, after: Json, old: Json, new: Json, where: str) -> Iterator[Change]:
    known = {"parameters", "requestBody", "responses", "security"} | _PROSE
    for keyword in sorted((set(before) | set(after)) - known):
        if before.get(keyword) != after.get(keyword):
            yield Change(f"{where}/{keyword}", Verdict.UNCLASSIFIED, f"{keyword} changed")
    if before.get("security") != after.get("security"):
        yield _breaking(f"{where}/security", "who may call it changed")
    one = {(item["in"], item["name"]): item for item in before.get("parameters", ())}
    other = {(item["in"], item["name"]): item for item in after.get("parameters", ())}
    for key in sorted(set(one) - set(other)):
        yield _breaking(f"{where}/parameters/{key[1]}", f"parameter {key[1]!r} was removed")
    for key in sorted(set(other) - set(one)):
        required = bool(other[key].get("required"))
        make = _breaking if required else _compatible
        yield make(
            f"{where}/parameters/{key[1]}", f"parameter {key[1]!r} was added{' and is required' if required else ''}"
        )
    for key in sorted(set(one) & set(other)):
        at = f"{where}/parameters/{key[1]}"
        if other[key].get("required") and not one[key].get("required"):
            yield _breaking(at, f"parameter {key[1]!r} is now required")
        yield from _schema(
            one[key].get("schema", {}), other[key].get("schema", {}), old, new, at, writes=False, seen=frozenset()
        )
    yield from _content(
        before.get("requestBody"), after.get("requestBody"), old, new, f"{where}/requestBody", writes=False
    )
    answers, now = before.get("responses", {}), after.get("responses", {})
    for status in sorted(set(answers) - set(now)):
        yield _breaking(f"{where}/responses/{status}", f"answer {status} was removed")
    for status in sorted(set(now) - set(answers)):
        yield _compatible(f"{where}/responses/{status}", f"answer {status} was added")
    for status in sorted(set(answers) & set(now)):
        yield from _content(answers[status], now[status], old, new, f"{where}/responses/{status}", writes=True)


def _content(before: Json, after: Json, old: Json, new: Json, where: str, *, writes: bool) -> Iterator[Change]:
    one, other = (before or {}).get("content", {}), (after or {}).get("content", {})
    if (after or {}).get("required") and not (before or {}).get("required"):
        yield _breaking(where, "a body is now required")
    for kind in sorted(set(one) - set(other)):
        yield _breaking(f"{where}/{kind}", f"media type {kind} was removed")
    for kind in sorted(set(other) - set(one)):
        yield _compatible(f"{where}/{kind}", f"media type {kind} was added")
    for kind in sorted(set(one) & set(other)):
        schemas = one[kind].get("schema", {}), other[kind].get("schema", {})
        yield from _schema(*schemas, old, new, f"{where}/{kind}", writes=writes, seen=frozenset())
