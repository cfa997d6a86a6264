"""The one place where a name becomes part of an SQL text."""


def quoted(*names: str) -> str:
    """A possibly qualified PostgreSQL identifier: quoted("a", "b") is "a"."b"."""
    for name in names:
        if not name or "\x00" in name:
            raise ValueError("an SQL name may be neither empty nor hold a zero byte")
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
