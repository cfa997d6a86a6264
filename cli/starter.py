"""`init`: from a data file to the workflow that loads it, by looking at the file the way the workflow will."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli import waiting
from cli.client import Api, Json, segment
from cli.documents import write_schema
from cli.errors import CliError, usage
from cli.output import Output
from cli.selection import Spot

PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})
OPEN_SECONDS = 600.0
LONGEST_KEY = 6
NEVER_KEYS = frozenset({"float", "binary"})


@dataclass(frozen=True)
class Made:
    """A workflow's definition and its file's text, and where the data file was copied to."""

    definition: Json
    text: str
    copied_to: str


@dataclass(frozen=True)
class Key:
    """The columns that identify a row, and why that is believed."""

    columns: tuple[str, ...]
    why: str


class Starter:
    """Makes the first workflow for one data file."""

    def __init__(self, api: Api, output: Output, file: Path, name: str | None) -> None:
        if not file.is_file():
            raise usage(f"There is no file {file}.")
        self._api, self._output, self._file = api, output, file
        self._ending = _ending(file)
        self.name = name or _slug(file.name.removesuffix(self._ending))

    def make(self, connection: str | None, to: str | None, given_key: tuple[str, ...]) -> Made:
        """Copy the file into the bucket, look at it there, and write down what loads it."""
        connections = list(self._api.pages("/api/connections"))
        source = connection or _only(connections, "s3", "--from")
        target = Spot.parse(to or f"{_only(connections, 'postgres', '--to')}:public.{self.name.replace('-', '_')}")
        where = f"{self.name}/{self._file.name}"
        with self._output.waiting(f"copying {self._file} to {source}:{where} …"):
            path = f"/api/connections/{segment(source)}/files/" + "/".join(map(segment, where.split("/")))
            self._api.upload(path, lambda: self._file.open("rb"))
        self._output.done(f"copied to {source}:{where}")
        session = self._opened(source, where)
        profile = self._api.get(f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/profile")
        key = self._key(session, profile, given_key)
        definition = self._definition(source, target, key)
        return Made(definition, self._text(definition, profile, key), f"{source}:{where}")

    def write(self, made: Made, place: Path) -> Path:
        """Write the file, and the JSON Schema beside it."""
        schema = write_schema(place.absolute().parent)
        place.write_text(made.text, encoding="utf-8")
        return schema

    def _opened(self, source: str, where: str) -> Json:
        started = self._api.post("/api/sessions", {"connection": source, "selection": {"path": where}})
        return waiting.session(self._api, self._output, started["id"], seconds=OPEN_SECONDS)

    def _key(self, session: Json, profile: Json, given: tuple[str, ...]) -> Key:
        names = [column["name"] for column in profile["columns"]]
        unknown = [name for name in given if name not in names]
        if unknown:
            raise usage(f"There is no column {unknown[0]!r}.", hint=f"There are: {', '.join(names)}")
        if given:
            return Key(given, "as you said")
        rows = int(profile["rows"])
        for candidate in self._candidates(session, profile):
            with self._output.waiting(f"is {', '.join(candidate)} a key? …"):
                steps = [{"kind": "deduplicate", "keys": list(candidate)}]
                body = {"parent_id": session["current_node_id"], "steps": steps}
                node = self._api.post(f"/api/sessions/{session['id']}/nodes", body)
            if int(node["rows"]) == rows:
                return Key(candidate, f"no two of the {rows:,} rows of {self._file.name} agree in them")
        self._output.warn("no columns were found that identify a row: rows will be appended. --key names them.")
        return Key((), "")

    def _candidates(self, session: Json, profile: Json) -> list[tuple[str, ...]]:
        """Columns that may be a key: those alone, then the shortest beginnings that tell the first rows apart."""
        fit = [c for c in profile["columns"] if c["nulls"] == 0 and c["type"] not in NEVER_KEYS]
        rows = int(profile["rows"])
        if not rows or not fit:
            return []
        alone: list[tuple[str, ...]] = [(str(c["name"]),) for c in fit if c.get("distinct") == rows]
        if alone:
            return alone[:1]
        names = [str(c["name"]) for c in fit]
        path = f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/preview"
        sample = _records(self._api.get(path, limit=500))
        found: list[tuple[str, ...]] = []
        for length in range(2, min(len(names), 12) + 1):
            start = tuple(names[:length])
            if _tells_apart(sample, start):
                short = _without_idle(sample, start)
                found += [one for one in (short, start) if len(one) <= LONGEST_KEY and one not in found]
            if len(found) >= 3:
                break
        return found[:3]

    def _definition(self, source: str, target: Spot, key: Key) -> Json:
        schema, dot, name = target.what.partition(".")
        destination: Json = {
            "connection": target.connection,
            "target": {"schema": schema if dot else "public", "table": name or schema},
            "mode": "upsert" if key.columns else "append",
        }
        if key.columns:
            destination["keys"] = list(key.columns)
        return {
            "name": self.name,
            "description": f"Loads {self.name} files as they arrive.",
            "source": {"connection": source, "selection": {"path": f"{self.name}/*{self._ending}"}},
            "modules": [],
            "destination": destination,
            "triggers": [{"kind": "s3_event", "name": "new-files", "watch": True}],
        }

    def _text(self, definition: Json, profile: Json, key: Key) -> str:
        columns = ", ".join(f"{column['name']} {column['type']}" for column in profile["columns"])
        made_from = f"{definition['source']['connection']}:{self.name}/{self._file.name}"
        lines = [
            "# yaml-language-server: $schema=.modulardata-schema/workflow.schema.json",
            f"# Made from {self._file.name}: {profile['rows']:,} rows.",
            *_wrapped(f"Columns: {columns}"),
        ]
        if key.columns:
            lines += _wrapped(f"Key: {', '.join(key.columns)} ({key.why}).")
        lines += [
            "# New columns are added to the table. A file that lacks one that came before waits in quarantine.",
            f"# To shape the rows on their way, and have changes adapted to: modulardata sessions open {made_from}",
            f"# Deploy the session as a module, and name it here: modules: [{{name: clean-{self.name}}}]",
        ]
        return "\n".join(lines) + "\n" + yaml.safe_dump(definition, sort_keys=False, allow_unicode=True)


def _only(connections: list[Json], kind: str, option: str) -> str:
    found = [str(one["name"]) for one in connections if one["kind"] == kind]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CliError(f"There is no connection of kind {kind}.", hint="`modulardata connections create` makes one.")
    raise usage(f"There are several connections of kind {kind}: {', '.join(found)}.", hint=f"Choose with {option}.")


def _ending(file: Path) -> str:
    """What files like this one end with: `.csv`, `.csv.gz`, or nothing."""
    return "".join(file.suffixes[-2:] if file.suffix.lower() in PACKED else file.suffixes[-1:])


def _slug(text: str) -> str:
    """A name that a workflow may have."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    if not slug or not slug[0].isalpha():
        raise usage(f"No workflow name can be made of {text!r}.", hint="Give one with --name.")
    return slug


def _records(preview: Json) -> list[Json]:
    names = [column["name"] for column in preview["schema"]["columns"]]
    return [row if isinstance(row, dict) else dict(zip(names, row, strict=True)) for row in preview["rows"]]


def _tells_apart(sample: list[Json], names: tuple[str, ...]) -> bool:
    seen: set[tuple[Any, ...]] = {tuple(str(row[name]) for name in names) for row in sample}
    return len(seen) == len(sample)


def _without_idle(sample: list[Json], names: tuple[str, ...]) -> tuple[str, ...]:
    """The same columns without those that tell nothing apart."""
    for name in reversed(names):
        rest = tuple(other for other in names if other != name)
        if rest and _tells_apart(sample, rest):
            names = rest
    return names


def _wrapped(text: str, width: int = 110) -> list[str]:
    lines, line = [], "#"
    for word in text.split(" "):
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = "#  "
        line += f" {word}"
    return [*lines, line]
