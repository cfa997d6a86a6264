"""One example of each kind of step, for the reference page and for whoever needs steps to try."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "select": {"columns": ["year", "month", "carrier"]},
    "drop": {"columns": ["tailnum", "hour"]},
    "reorder": {"columns": ["carrier", "flight"], "position": "before", "anchor": "dep_time"},
    "rename": {"columns": {"dep_time": "departed", "arr_time": "arrived"}},
    "rename_style": {"style": "snake", "prefix": "flight_"},
    "cast": {"columns": {"flight": "string", "time_hour": "timestamp_tz"}, "on_failure": "null"},
    "parse_number": {"columns": ["price"], "decimal": ",", "thousands": ".", "currency": True, "to": "decimal"},
    "parse_date": {"columns": ["ordered"], "formats": ["%d.%m.%Y", "%Y-%m-%d"], "on_failure": "quarantine"},
    "filter": {"where": "distance >= 200 AND dest <> 'ANC'"},
    "derive": {"columns": [{"column": "speed", "expression": "distance / air_time * 60"}]},
    "conditional": {
        "column": "haul",
        "cases": [{"when": "distance < 500", "then": "'short'"}, {"when": "distance < 2000", "then": "'medium'"}],
        "otherwise": "'long'",
    },
    "fill_null": {"columns": ["dep_delay", "arr_delay"], "method": "median", "by": ["carrier"]},
    "drop_null": {"columns": ["dep_time"]},
    "coalesce": {"column": "phone", "columns": ["mobile", "home", "office"]},
    "deduplicate": {
        "keys": ["carrier", "flight"],
        "keep": "first",
        "order_by": [{"column": "updated", "descending": True}],
    },
    "sort": {"by": [{"column": "dep_delay", "descending": True}, {"column": "carrier"}]},
    "limit": {"rows": 100, "offset": 20},
    "sample": {"fraction": 0.1, "seed": 7},
    "replace": {"column": "origin", "values": [{"old": "EWR", "new": "Newark"}, {"old": "JFK", "new": "Kennedy"}]},
    "replace_text": {"columns": ["name"], "pattern": "(\\w+), (\\w+)", "replacement": "\\2 \\1"},
    "text": {"columns": ["city"], "operations": [{"kind": "collapse"}, {"kind": "title"}]},
    "split": {"column": "name", "separator": " ", "into": ["first", "last"]},
    "join_columns": {"columns": ["city", "state"], "column": "place", "separator": ", "},
    "extract": {"column": "tailnum", "pattern": "([A-Z]+)([0-9]+)", "into": ["letters", "digits"]},
    "explode": {"column": "tags", "separator": ";"},
    "flatten": {
        "column": "order",
        "rows": "lines",
        "fields": {"sku": {"path": "sku"}, "city": {"path": "ship.city"}, "pieces": {"path": "qty", "type": "integer"}},
    },
    "unnest_json": {"column": "payload", "fields": {"id": "integer", "name": "string"}, "prefix": "payload_"},
    "aggregate": {
        "keys": ["carrier", "day"],
        "grain": {"day": "month"},
        "measures": [
            {"function": "count", "name": "flights"},
            {"function": "mean", "column": "dep_delay", "name": "mean_delay"},
        ],
    },
    "window": {
        "partition_by": ["carrier"],
        "order_by": [{"column": "dep_delay", "descending": True}],
        "columns": [{"name": "place", "function": "rank"}],
    },
    "pivot": {
        "keys": ["year"],
        "names_from": "entity",
        "values_from": "deaths",
        "function": "sum",
        "names": ["flood", "fire"],
    },
    "unpivot": {"keys": ["year"], "columns": ["wheat", "wages"], "names_to": "measure", "values_to": "amount"},
    "join": {"with": "airlines", "how": "left", "on": [{"left": "carrier", "right": "code"}], "columns": ["name"]},
    "union": {"with": ["last_year"], "by": "name"},
    "lookup": {
        "with": "airports",
        "on": [{"left": "dest", "right": "faa"}],
        "columns": ["city"],
        "default": "unknown",
    },
    "bin": {"column": "age", "into": "age_group", "edges": [18, 65], "labels": ["child", "adult", "senior"]},
    "outliers": {"columns": ["price"], "method": "iqr", "action": "clip"},
    "mask": {"columns": ["email"], "method": "keyed_hash", "key": "customers"},
    "date_parts": {"column": "ordered", "parts": ["year", "month", "weekday_name"]},
    "date_add": {"column": "ordered", "amount": 30, "unit": "day", "into": "due"},
    "date_diff": {"start": "ordered", "end": "shipped", "unit": "day", "into": "days_waited"},
    "convert_zone": {"columns": ["departed"], "from": "America/New_York", "to": "UTC"},
    "convert_unit": {"columns": ["distance"], "from": "mile", "to": "km"},
    "round": {"columns": ["speed"], "digits": 1},
    "fill_gaps": {"column": "day", "unit": "day", "by": ["shop"], "fill": "zero"},
    "sql": {
        "query": "SELECT carrier, COUNT(*) AS flights FROM input WHERE dep_delay > 15 GROUP BY carrier ORDER BY flights"
        " DESC"
    },
}
