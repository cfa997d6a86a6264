"""The page about the command line says what the commands say."""

from cli import reference


def test_the_reference_is_current() -> None:
    assert reference.PLACE.read_text() == reference.text(), "run `python -m cli.reference`"
