"""YAML as people mean it on a command line: `on` is a word, `2024-01-31` a text, and only true and false are truth."""

import re
from typing import Any

import yaml

_TAGS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")


class _Plain(yaml.SafeLoader):
    """The safe loader without the words and dates of YAML 1.1."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")


def read(text: str) -> Any:
    """The document in a text; raises yaml.YAMLError."""
    loader = _Plain(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
