"""A step of each kind over the flights of these tests; what is asked of all kinds is asked of these."""

from typing import Any

# Steps that a kind needs before it, where the flights alone have nothing for it.
DAY = {"kind": "derive", "columns": [{"column": "day", "expression": "DATE '2013-01-05'"}]}
MOMENT = {"kind": "derive", "columns": [{"column": "at", "expression": "TIMESTAMP '2013-01-05 10:30:00'"}]}
TEXTS = {
    "kind": "derive",
    "columns": [
        {"column": "words", "expression": "carrier || '; ' || carrier"},
        {"column": "json", "expression": '\'{"a": 1, "b": ["x"]}\''},
        {"column": "money", "expression": "'1.234,50 €'"},
        {"column": "date", "expression": "'05.01.2013'"},
    ],
}
BEFORE: dict[str, list[dict[str, Any]]] = {
    "convert_zone": [MOMENT],
    "date_add": [DAY],
    "date_diff": [DAY, MOMENT],
    "date_parts": [DAY],
    "fill_gaps": [DAY],
    "explode": [TEXTS],
    "extract": [TEXTS],
    "flatten": [TEXTS],
    "parse_date": [TEXTS],
    "parse_number": [TEXTS],
    "split": [TEXTS],
    "unnest_json": [TEXTS],
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "select": {"columns": ["carrier", "distance"]},
    "drop": {"columns": ["price"]},
    "rename": {"columns": {"carrier": "airline"}},
    "cast": {"columns": {"flight": "string"}},
    "filter": {"where": "distance >= 100"},
    "derive": {"columns": [{"column": "speed", "expression": "distance / air_time"}]},
    "fill_null": {"columns": ["air_time"], "value": 0.0},
    "drop_null": {"columns": ["dep_time"]},
    "deduplicate": {"keys": ["carrier"]},
    "sort": {"by": [{"column": "distance", "descending": True}]},
    "limit": {"rows": 2},
    "replace": {"column": "carrier", "values": [{"old": "UA", "new": "United"}]},
    "reorder": {"columns": ["carrier"], "position": "first"},
    "rename_style": {"style": "camel"},
    "parse_number": {"columns": ["money"], "decimal": ",", "thousands": ".", "currency": True, "to": "decimal"},
    "parse_date": {"columns": ["date"], "formats": ["%d.%m.%Y"]},
    "conditional": {
        "column": "haul",
        "cases": [{"when": "distance < 1000", "then": "'short'"}],
        "otherwise": "'long'",
    },
    "coalesce": {"column": "time", "columns": ["air_time", "distance"]},
    "sample": {"rows": 3, "seed": 7},
    "replace_text": {"columns": ["carrier"], "pattern": "U", "replacement": "u", "literal": True},
    "text": {"columns": ["carrier"], "operations": [{"kind": "lower"}]},
    "split": {"column": "words", "separator": "; ", "into": ["one", "two"]},
    "join_columns": {"columns": ["carrier", "flight"], "column": "number", "separator": " "},
    "extract": {"column": "words", "pattern": "([A-Z])([A-Z0-9])", "into": ["first", "second"]},
    "explode": {"column": "words", "separator": "; "},
    "flatten": {"column": "json", "fields": {"a": {"path": "a", "type": "integer"}}},
    "unnest_json": {"column": "json", "fields": {"a": "integer"}},
    "aggregate": {"keys": ["carrier"], "measures": [{"column": "distance", "function": "mean", "name": "far"}]},
    "window": {
        "partition_by": ["carrier"],
        "order_by": [{"column": "distance"}],
        "columns": [{"name": "place", "function": "row_number"}],
    },
    "pivot": {"keys": ["flight"], "names_from": "carrier", "values_from": "distance", "names": ["UA", "AA"]},
    "unpivot": {"keys": ["flight"], "columns": ["distance", "air_time"], "names_to": "what", "values_to": "value"},
    "join": {"with": "airlines", "how": "left", "on": [{"left": "carrier", "right": "code"}]},
    "union": {"with": ["airlines"]},
    "lookup": {"with": "airlines", "on": [{"left": "carrier", "right": "code"}], "columns": ["airline"]},
    "bin": {"column": "distance", "into": "range", "edges": [0, 500, 5000]},
    "outliers": {"columns": ["distance"], "method": "iqr", "action": "flag"},
    "mask": {"columns": ["carrier"], "method": "keyed_hash"},
    "date_parts": {"column": "day", "parts": ["year", "month"]},
    "date_add": {"column": "day", "amount": 3, "unit": "day", "into": "later"},
    "date_diff": {"start": "day", "end": "at", "unit": "hour", "into": "hours"},
    "convert_zone": {"columns": ["at"], "from": "America/New_York", "to": "Europe/Berlin"},
    "convert_unit": {"columns": ["distance"], "from": "mi", "to": "km"},
    "round": {"columns": ["distance"], "digits": -2},
    "fill_gaps": {"column": "day", "every": 1, "unit": "day", "by": ["flight"]},
    "sql": {
        "query": "SELECT carrier, airline, COUNT(*) AS flights FROM input JOIN airlines ON carrier = code"
        " GROUP BY carrier, airline ORDER BY carrier"
    },
}
