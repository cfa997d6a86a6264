"""What is printed: one JSON document on stdout and nothing else, and no text that steers the terminal."""

import json

import pytest

from cli.errors import CliError, Exit, Where, usage
from cli.main import run
from cli.output import Format, Output, plain, table
from cli.selection import Spot, format_of


def test_json_mode_prints_one_document_and_narrates_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(Format.JSON)
    output.say("working")
    output.show({"a": 1}, "a table")
    seen = capsys.readouterr()
    assert json.loads(seen.out) == {"a": 1}
    assert "working" in seen.err


def test_a_failure_says_what_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    error = CliError("It does not fit.", where=(Where("/steps/0", "no such column"),), hint="Look at the columns.")
    Output(Format.JSON).failure(error)
    seen = capsys.readouterr()
    assert json.loads(seen.out)["error"]["errors"] == [
        {"pointer": "/steps/0", "code": None, "message": "no such column"}
    ]
    for part in ("It does not fit.", "/steps/0", "no such column", "Look at the columns."):
        assert part in seen.err


@pytest.mark.parametrize("value", ["\x1b]0;title\x07", "a\x1b[2Jb", "\x9b31m", "\u202egnp.exe", "bell\x07"])
def test_values_cannot_steer_the_terminal(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.show(None, table([value], [[value]]), plain(value))
    seen = capsys.readouterr().out
    assert not set(seen) & {"\x1b", "\x9b", "\x07", "\u202e"}


def test_square_brackets_are_text_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    Output().show(None, table(["[red]h[/red]"], [["[bold]x[/bold]"]]))
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_a_lone_surrogate_can_be_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    Output(Format.JSON).document({"path": "a\udcff"})
    assert json.loads(capsys.readouterr().out) == {"path": "a\udcff"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["runs", "lst"],
        ["runs", "list", "--wrong"],
        ["runs", "list", "--output", "xml"],
        ["runs", "list", "--limit", "many"],
        ["sessions", "deploy"],
        ["preview", "/nowhere/at-all.csv"],
        ["preview", "landing:x.csv", "--read", "delimiter"],
        ["sessions", "add", "latest"],
        ["sessions", "add", "latest", "--step", "explode: a"],
        ["files", "cp", "/nowhere/at-all.csv", "landing:x"],
        ["apply", "/nowhere/at-all.yaml"],
        ["login", "data.example.com"],
    ],
)
def test_a_command_put_wrongly_ends_with_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == Exit.USAGE
    seen = capsys.readouterr()
    assert "✗" in seen.err
    assert "Traceback" not in seen.err + seen.out


def test_a_wrong_command_in_json_mode_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "lst", "--output", "json"]) == Exit.USAGE
    assert "No such command" in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.parametrize("arguments", [[], ["runs"], ["--help"], ["sessions", "add", "--help"]])
def test_help_is_there_for_the_asking(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) in (Exit.GOOD, Exit.USAGE)
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("landing:flights/*.csv", "s3", {"path": "flights/*.csv"}),
        ("warehouse:flights", "postgres", {"schema": "public", "table": "flights"}),
        ("warehouse:mart.flights", "postgres", {"schema": "mart", "table": "flights"}),
    ],
)
def test_a_spot_becomes_the_selection_of_its_kind(text: str, kind: str, expected: dict[str, str]) -> None:
    assert Spot.parse(text).selection(kind) == expected


def test_what_is_said_about_a_file_becomes_its_format() -> None:
    told = ["kind=csv", "delimiter=;", "header=false", "preamble=2", "columns.day=day_first", "columns.a.b=text"]
    assert format_of(told) == {
        "kind": "csv",
        "delimiter": ";",
        "header": False,
        "preamble": 2,
        "columns": {"day": "day_first", "a.b": "text"},
    }


def test_usage_errors_are_told_apart_from_failures() -> None:
    assert usage("no").exit_code is Exit.USAGE
    assert CliError("no").exit_code is Exit.FAILED
