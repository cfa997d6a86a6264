"""Frames about rows: which to keep, which to remove, in which order, how many."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Deduplicate,
    Derivation,
    Derive,
    Drop,
    DropNull,
    Filter,
    Limit,
    Sample,
    Sort,
    SortKey,
    Window,
    WindowColumn,
)
from services.transform.planner.conditions import Cond, measuring
from services.transform.planner.frames.base import Act, Answer, Frames, act, fresh
from services.transform.planner.lexicon import MEASURES, TIMES
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, listed, quoted
from services.transform.planner.slots import which_column
from services.transform.planner.view import ask

frames = Frames()
frame = frames.frame

_ROWS = "[@all] [of] [@rows|<e:Entity>] "


def filtered(condition: Cond, *, remove: bool, reader: Reader) -> Act:
    """The step that keeps or removes the rows of a condition."""
    if condition.sql.startswith("@"):
        return _against_figure(condition, remove, reader)
    where = f"({condition.sql}) IS NOT TRUE" if remove else condition.sql
    return act(Filter(where=where), touched=condition.columns)


def _against_figure(condition: Cond, remove: bool, reader: Reader) -> Act:
    """Above the average of the column: the figure is put beside each row, compared, and taken away again."""
    _, figure, operator = condition.sql.split("@")
    column = condition.columns[0]
    if figure != "average":
        raise ask("unclear", f"Comparing '{column}' with its {figure} cannot be planned; which number is meant?")
    name = fresh(reader, f"average_{column}")
    where = f"{quoted(column)} {operator} {quoted(name)}"
    return act(
        Window(columns=(WindowColumn(name=name, function="mean", column=column),)),
        Filter(where=f"({where}) IS NOT TRUE" if remove else where),
        Drop(columns=(name,)),
        touched=(column,),
    )


# -- nulls


@frame(
    "drop rows with nulls anywhere",
    "@remove [@all] [@rows|<e:Entity>] [that|which|where|with|if|when|having|in which|for which|who] [there is|there are|have|has|contain|contains|containing|are|is|with|having|show|hold|includes|include|@all] [at least one|even one|one|even single|some|at least 1|any kind of|1] [@all|@only] [with] (@blanks|incomplete|@blank [value|values|cell|cells|entry|entries|data|field|fields|figure|figures]|not complete|not fully filled in) [in|anywhere] [@all|at least one|one or more|any of|even one] [of] [its|their] [@columns|column|it|them|anywhere|place|places|field] [at all|anywhere|whatsoever|in it|in them|in any column]",
    "@remove [@all] (incomplete|partial) (@rows|<e:Entity>)",
    "@remove [@all] (@rows|<e:Entity>) (missing|lacking) (anything|something|any value|any data|any values|any piece of data|some value|a value|value)",
    "@remove [@all] (@blanks|nulls|nas|nans)",
    "[@keep] [@only] [@all] [@rows|<e:Entity>] [that|which|where|with|having|who] [are|have|is] [@only] (complete|fully complete|fully filled in|completely filled in|completely filled|fully populated|fully filled) [@rows|<f:Entity>|records|cases]",
    "[@keep] [@only] [@all] (@rows|<e:Entity>) [that|which|where|with] [have|has|there are|contain|with|having|are] (no|without|without any|not any|no any|free of|free from) [@all] (@blanks|@blank [value|values|cell|cells|entry|entries]) [in|anywhere] [@all|any of] [@columns|column|it|them|anywhere]",
    "[@keep] [@only] [@all] (@rows|<e:Entity>) [where|that have|in which|with|for which] (every|all|each) (@columns|column|cell|field|value|values|cells) (is|are|has|have) (present|filled in|filled|known|not @blank|given|populated|value|there|complete|values)",
)
def drop_null_anywhere(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with any null."""
    return act(DropNull())


@frame(
    "drop rows empty all over",
    "@remove [@all] (@rows|<e:Entity>) [that|which|where|with|in which] [have|has|there is|there are|contain] (no|without|without any|no single|nothing|not single|not one) [values|data|value|entries|in them|information] (at all|anywhere|whatsoever|in any column|in them)",
    "@remove [@all] [@rows|<e:Entity>] [that|which|where|with|in which] [are|is|have] (completely|entirely|fully|totally|wholly|all|only|nothing but) (@blank|@blanks) [rows|values|cells|lines]",
    "@remove [@all] (@rows|<e:Entity>) [that|which|where|with|in which] [have|has|there is] (every|all|each|nothing in any|no value in any|nothing in|no values in any|no data in any) [single] (@columns|column|cell|field|value|values|cells|of its cells|of their columns) [is|are] [@blank]",
)
def drop_null_all(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with nothing but nulls."""
    return act(DropNull(how="all"))


@frame(
    "drop rows with nulls in columns",
    "@remove [@all] [@rows|<e:Entity>] [that|which|where|with|if|when|having|in which|for which|who|whose] [there is|there are|are|is|have|has|contain|contains|show|had|do|does] [@blank|@blanks|blank or null|@blank or @blank|no|not have|without|nothing|no value|no values|no data|lacking|lack|lacks|not have any|not have value|without any|not having|a @blank|no known|no entry|without value|no recorded] [value|values|cell|cells|entry|entries|data|information] [in|for|at|of|from|under] [either|any of|any|@all|one of|at least one of|one or more of|both|their|its] <c:Cols> [is|are|was] [@blank|@blanks]",
    "@remove [@all] [@rows|<e:Entity>] [where|that|if|when|for which|with|in which|whose] [either|any of|one of|@blank|at least one of] <c:Cols> [value|values|@column] (@isblank|or both are @blank|(is|are) [either] @blank [or @blank])",
    "[@keep] [@only] [@all] (@rows|<e:Entity>) [that|which|where|with|if|having|in which|for which|who|whose] [have|has|there is|where] [both|known|valid|recorded|filled in|filled|value for|value in|values for|values in|actual|non @blank|non - @blank|value|all of|no @blanks in|not @blank|no @blank|no @blank values in|all|each of|given] <c:Cols> [value|values] (@notblank|(are|is) both (known|present|filled in|given|not @blank)|given|present|filled in|known|recorded)",
    "[@keep] [@only] [@all] (@rows|<e:Entity>) [that|which|where|with|having|who] [have|has|contain|do have] ([both] known|[both] valid|[both] recorded|filled in|value for|value in|values for|values in|value for both|values for both|actual|non @blank|non - @blank|no @blanks in|no @blank values in|no @blank|non - missing|something in|data in|data for|entry in|entry for|values in both) <c:Cols>",
    "@remove [@all] @blanks (in|from|of) <c:Cols>",
    "@remove [@all] @blank <c:Cols> [@rows|values|entries]",
    "@remove [@all] (@rows|<e:Entity>) with [@all] @blank <c:Cols>",
)
def drop_null_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with a null in one of some columns, or in all of them."""
    words = [reader.low(step) for step in range(start, end)]
    columns: tuple[str, ...] = env["c"]
    missing = {
        "blank",
        "blanks",
        "empty",
        "missing",
        "null",
        "nulls",
        "no",
        "not",
        "without",
        "lacking",
        "lack",
        "lacks",
        "nothing",
        "nan",
        "na",
        "unknown",
        "none",
        "unfilled",
        "absent",
        "unrecorded",
        "known",
        "present",
        "given",
        "recorded",
        "filled",
        "value",
        "values",
        "valid",
        "actual",
        "complete",
        "exists",
        "there",
        "available",
        "gaps",
        "holes",
        "set",
        "something",
        "data",
        "entry",
        "unspecified",
        "undefined",
    }
    if not missing & set(words):
        return None
    keeping = words[0] not in ("remove",) and reader.first("@remove", start) is None
    either = "either" in words or "any" in words or "or" in words
    if len(columns) > 1 and not keeping and "or" in words and {"no", "without"} & set(words) and "either" not in words:
        return act(DropNull(columns=columns, how="all"), touched=columns, cost=0.2)  # without X or Y: neither
    together = len(columns) > 1 and not keeping and not either and ("and" in words or "both" in words)
    if keeping and len(columns) > 1 and "or" in words:
        where = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
        return act(Filter(where=where), touched=columns)
    return act(DropNull(columns=columns, how="all" if together else "any"), touched=columns)


@frame(
    "drop rows with so many nulls",
    "@remove [@all] (@rows|<e:Entity>) [that|which|where|with|having|in which|if] [there are|have|has] (<op:Bound>) [of] [their|the] (values|cells|columns|fields|entries|figures) (are|is) @blank",
    "@remove [@all] (@rows|<e:Entity>) [that|which|where|with|having|in which|if] [there are|have|has|are|contain] [missing] (<op:Bound>) (@blanks|@blank [value|values|cell|cells|field|fields])",
    "@remove [@all] (@rows|<e:Entity>) [that|which|where|with|having|in which] [there are|have|has|are] [missing] [with] (<op:Bound>) [of] (@blanks|@blank [value|values|cell|cells]|@columns [is|are] @blank|values @blank)",
)
def drop_null_many(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows with at least, or more than, so many nulls."""
    operator, value = env["op"]
    total = " + ".join(f"IF({quoted(name)} IS NULL, 1, 0)" for name in reader.view.names)
    return act(Filter(where=f"NOT ({total} {operator} {value})"))


@frame(
    "drop columns by nulls",
    "@remove [@all] @columns [that|which|with|where|having] [are|is|have|has|there are|contain] [completely|entirely|fully|totally|wholly|all|only|nothing but] (@blank|@blanks) [values]",
    "@remove [@all] @columns [that|which|with|where|having] [are|is|have|has|there is|contain] (no|nothing|not any|no any) [values|data|value|entries|in them] [at all|in them|in it]",
    "@remove [@all] @columns [that|which|with|where|having|in which] [are|is|have|has|there are|contain|hold] [@only] (any|at least one|some|one or more|even one) (@blanks|@blank [value|values|cell|cells])",
    "@remove [@all] @columns [that|which|with|where|having|in which] [are|is|have|has|there are] <share:Share> [of] [its|their|values|cells|entries|all] [of] [@rows|values|cells|entries|data|them] [is|are|which are|that are] (@blank|@blanks)",
    "[@keep] [@only] [@all] @columns [that|which|with|where|having] [are|have|has] (no @blanks|no @blank values|complete|fully filled in|fully populated|without @blanks|without @blank values|no @blank cells|without @blank cells|completely filled|completely filled in)",
)
def drop_columns_by_nulls(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns that lack so much."""
    words = [reader.low(step) for step in range(start, end)]
    total = max(1, reader.view.rows)
    if reader.view.rows <= 0:
        return None
    if "share" in env:
        operator, share = env["share"]
        gone = [c.name for c in reader.view.columns if _holds(c.nulls / total, operator, share)]
    elif (
        {"any", "some"} & set(words)
        or ("one" in words)
        or words[:1] in (["keep"], ["only"])
        or reader.first("@remove", start) is None
    ):
        gone = [c.name for c in reader.view.columns if c.nulls > 0]
    else:
        gone = [c.name for c in reader.view.columns if c.nulls >= total]
        if (
            not {"completely", "entirely", "fully", "totally", "wholly", "all", "only", "nothing", "no"} & set(words)
            and gone == []
        ):
            raise ask(
                "ambiguous",
                "No column is wholly empty. Are columns with any missing value to go, or rows?",
                ["columns with any missing value", "rows with any missing value"],
            )
    if len(gone) == len(reader.view.columns):
        raise ask("contradictory", "That would remove every column. Which ones are meant?", reader.view.names)
    return act(Drop(columns=tuple(gone))) if gone else act()


def _holds(value: float, operator: str, bound: float) -> bool:
    return {">": value > bound, ">=": value >= bound, "<": value < bound, "<=": value <= bound}[operator]


# -- filter


@frame(
    "keep rows", "@keep [@only] [@all] [@rows] <w:Who>", "@only [@keep] <w:Who>", "<w:Who> only", "@keep <w:Who> only"
)
def keep_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition stay."""
    return filtered(env["w"], remove=False, reader=reader)


@frame("rows that", "<w:Who>", cost=0.4)
def bare_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A condition by itself is one on the rows to keep."""
    return filtered(env["w"], remove=False, reader=reader)


@frame(
    "keep rows where",
    "[@keep] [@only] [@all] [of] [@rows|<e:Entity>] (where|when|if|whose|with|that have|which have|for which|in which|that are|who are|only if|only where|as long as|satisfying|matching|meeting|such that) [either] <w:Cond>",
    cost=0.05,
)
def keep_rows_where(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition stay."""
    return filtered(env["w"], remove=False, reader=reader)


@frame(
    "remove rows",
    "@remove [@all] [@rows] <w:Who>",
    "<w:Who> (should|must|can|need to|have to|has to) (go|be removed|be dropped|be deleted|be excluded|be left out)",
)
def remove_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition go."""
    return filtered(env["w"], remove=True, reader=reader)


@frame(
    "remove rows where",
    "@remove [@all] [of] [@rows|<e:Entity>] (where|when|if|whose|with|that have|which have|for which|in which|that are|who are|having) [either] <w:Cond>",
    cost=0.05,
)
def remove_rows_where(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows of a condition go."""
    return filtered(env["w"], remove=True, reader=reader)


# -- duplicates

_DUPLICATES = "(duplicates|duplicate|duplicated|repeats|repeated|repeating|identical|exact duplicates|exact duplicate|copies|dupes|dups|redundant|exact copies|doubles|repetitions|duplicate copies|exact repeats|doubled|full duplicates|fully identical|fully duplicated|completely identical|exactly identical|exact duplicated|double|full duplicate|complete duplicates|complete duplicate|repeat|extra copies|second copies|repeated copies|clones|duplications|duplicated copies|exactly repeated|dupe)"
_WHOLE = "[@rows|<e:Entity>|ones|copies|lines] [in|from|of|within] [@table] [entirely|completely|that are exactly same|across all columns|in all columns|where every column is same|where all columns match|where all columns are same|where every value is same|with all columns same|that match in every column|that match in all columns|so each row is unique|so every row is unique|, so each row is unique|, keeping one of each|keeping one of each|, keep one of each|, keeping one copy|, keeping first|keeping first|, keep first|and keep first|and keep one|, keep one copy|, leaving one of each|, keep one|leaving one copy|, keeping one copy of each|and keep one of each|, keeping first copy|and keep one copy of each|keeping only first occurrence|, keeping only first occurrence|, keeping first occurrence|keeping one copy of each|and leave one of each|, keep first occurrence|, keep first one|, so every row appears once|so that each row appears only once|so each row appears only once|so that every row appears once|so each appears once|, so that each row appears once|, leaving just one copy of each|, leaving one copy of each|and keep first occurrence|, leaving only one copy]"


@frame(
    "drop repeated rows",
    f"@remove [@all] [of] [fully|exact|exactly] {_DUPLICATES} {_WHOLE}",
    "[@keep] [@only] [@all] (distinct|unique|different|deduplicated|non - duplicate|non duplicate|non - repeated) (@rows|<e:Entity>) [@only] [from|of|in] [@table]",
    "(deduplicate|dedupe|dedup|de - duplicate|de - dupe|unduplicate|de duplicate) [@all] [whole] [@rows|@table|<e:Entity>] [by all columns|on all columns|completely]",
    "(remove|delete|drop) (rows|lines|records|entries) (that are|which are|that were) [exact|exactly|fully|completely] (duplicates|copies|repeated|identical|duplicated|same|repeats|repetitions|clones) [of|to|as] [(another|other|earlier|previous|each|an earlier|any other) (row|rows|one|ones|other|line|lines)] [in every column|in all columns]",
    "[some|several|many|quite some|a few|few|most] (rows|entries|records|lines|<e:Entity>) (appear|occur|are|show up|are listed|come up|are in there|are in here|have been entered|were entered|got entered|exist|are present) (twice|more than once|several times|multiple times|repeated|duplicated|two times|double|again and again) [.|,|;|-|:] [so] [@remove] [@all] (repeats|duplicates|copies|extra ones|extras|second one|repetitions|second copy|second copies|extra copies|doubles|surplus ones|dupes|them|repeated ones|duplicate ones|duplicate rows|repeated rows) [@rows]",
    "[@keep] [@only] one copy of (each|every|all) (row|rows|record|line|entry|repeated row|duplicated row|<e:Entity>)",
    "(each|every) (row|record|line|entry) should [@only] (appear|be there|occur|be listed|exist|show up|be in there) [@only] once",
    "@keep (each|every) (row|record|line|entry|distinct row|different row|unique row) [@only] once",
    "make (sure|certain) [that] (no row|each row|every row|no rows|no line|each record) [is|are] (appears twice|appears only once|repeated|duplicated|unique|is repeated|appears more than once|occurs twice|appears once)",
    "(there are|we have|i have|it has|file has|table has|i see) [some|several|a few|many] [exact] (duplicates|duplicate rows|repeated rows|repeats|copies|double rows|duplicated rows) [in here|in it|in there|in this|here] [.|,|;|-] (and|so) [please] [@remove] (them|those|repeats|duplicates)",
)
def distinct_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Each row once."""
    return act(Deduplicate())


_KEEP_WHICH = "(keep|keeping|and keep|, keep|, keeping|retain|retaining|, retaining|, leaving|leaving|so that only|and leave|, and keep|, by keeping|but keep|, but keep|using|taking|, taking|take|, take|with) [@only] [row|one|entry|record|that with|one with|row with|record with|entry with|occurrence] [with|that has|having]"
_FIRST = "(first|earliest|top|original|1st|topmost) [one|row|record|entry|occurrence|appearance|line|of them|of each|copy|seen|found|instance|<e2:Entity>] [that appears|that occurs|seen|found|encountered|in file|in table|in order|listed|appearing|you find|each time|in the file|of each|only|to appear|in original order|in file order]"
_LAST = "(last|final|latest|bottom|most recent) [one|row|record|entry|occurrence|appearance|line|of them|of each|copy|seen|found|instance|<e2:Entity>] [that appears|that occurs|seen|found|encountered|in file|in table|in order|listed|appearing|you find|each time|in the file|of each|only|to appear|in original order|in file order]"
_BEST = "(<dir:Extreme>) [value|values] [of|in|for] <by:Col>|<by:Col> [that is] (<dir:Extreme>)|(<dir:Extreme>) <by:Col> [value]"


@frame(
    "one row for each key",
    f"[@keep] [@only] (one|single|1|exactly one|a single|one single|at most one) [@rows|<e:Entity>] (per|for each|for every|by|each|of each|with each|from each|for each distinct|for every distinct|per unique|per distinct|for each unique|of every|with every|in each) [combination of|unique|distinct|different|pair of|unique combination of|distinct combination of|value of|distinct value of|unique value of] <k:Cols> [combination|pair]",
    f"@remove [@all] {_DUPLICATES} [@rows|<e:Entity>|values|entries] (by|on|based on|of|in|for|per|with same|with respect to|that share|according to|using|sharing|judged by|considering only|looking only at|looking at|with|when considering|in terms of|where) [column|columns|same|only|combination of|the same] <k:Cols> [is|are] [same|only|combination|pair|match|repeat|columns|alone|together|matches|agree]",
    "(deduplicate|dedupe|dedup|de - duplicate|de - dupe) [@rows|@table|<e:Entity>] (by|on|based on|using|per|with|according to) [column|columns|combination of] <k:Cols>",
    "@remove [@all] (@rows|<e:Entity>) (where|whose|with|that have|in which|that share|which have|having|that repeat|for which) [same|repeated|duplicate|duplicated|a|identical|already seen] <k:Cols> [values|value] [that] (is|are|was|were|has|have|as|repeats|repeat|occurs|appears) [already|been] (repeated|duplicated|duplicate|same|an earlier row|seen|seen before|already seen|appeared|another row|one before|appeared before|identical|appeared already|occurred|earlier row|previous row|occurred before|in earlier row)",
    "@remove [@all] (@rows|<e:Entity>) with [same|repeated|duplicate|duplicated|identical] <k:Cols>",
    "@keep [@only] (first|1st|top|earliest) (row|one|record|entry|occurrence|line|<e:Entity>|appearance) (of|for|per|in|with|from) (each|every|each distinct|every distinct|each unique|each different) [value of|combination of|unique] <k:Cols> [in (file|table)]",
    "(for|of|in|within|from) (each|every) [combination of|unique|distinct|different] <k:Cols> [,] @keep [@only] (first|1st|top) (row|one|record|entry|occurrence|line|<e:Entity>) [that appears|in file|in table|you find|in order|listed|of file]",
    "(each|every) [combination of] <k:Cols> should [@only] (appear|be there|occur|be listed|exist) [@only] once",
    "@keep [@only] [@rows|<e:Entity>] [with] (unique|distinct|different) [values of|values in|combinations of] <k:Cols> [values|combinations] [@only]",
    "[@keep] [@only] first [of each|of every] <k:Cols> (row|record|entry|occurrence)",
    "@keep each <k:Cols> [@only] once",
    f"(if|when|where) [same|a] <k:Cols> (appears|occurs|is there|is repeated|is listed|comes up|shows up|repeats) (more than once|twice|several times|again|multiple times|repeatedly) [,] [then] @keep [@only] {_FIRST}",
)
def one_per_key(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first row for each key."""
    words = [reader.low(step) for step in range(start, end)]
    if not set(words) - {"keep"}:
        return None
    return act(Deduplicate(keys=env["k"]), touched=env["k"])


@frame(
    "which row for each key",
    f"[@keep] [@only] (one|single|1|exactly one|a single) [@rows|<e:Entity>] (per|for each|for every|by|each|of each|with each|from each|for every distinct|for each distinct|per unique|per distinct|in each) [combination of|unique|distinct|different|pair of] <k:Cols> [combination|pair] [,|-|:|(] [and] {_KEEP_WHICH} (<first:FirstOf>|<last:LastOf>|{_BEST}) [)]",
    f"@remove [@all] {_DUPLICATES} [@rows|<e:Entity>|values|entries] (by|on|based on|of|in|for|per|with same|with respect to|that share|according to|using|sharing) [column|columns|same|combination of] <k:Cols> [,|-|:|(|;] [and] {_KEEP_WHICH} (<first:FirstOf>|<last:LastOf>|{_BEST}) [)]",
    f"(deduplicate|dedupe|dedup|de - duplicate|de - dupe) [@rows|@table|<e:Entity>] (by|on|based on|using|per|with) [column|columns|combination of] <k:Cols> [,|-|:|(|;] [and] {_KEEP_WHICH} (<first:FirstOf>|<last:LastOf>|{_BEST}) [)]",
    f"@keep [@only] (<first:FirstOf>|<last:LastOf>|[row|one|record|entry|<e:Entity>] [with|that has|having] ({_BEST})) (of|for|per|in|with|from|within) (each|every|each distinct|each unique|every distinct) [combination of|value of|distinct] <k:Cols>",
    f"@keep [@only] (<first:FirstOf>|<last:LastOf>|[row|one|record|entry|<e:Entity>] [with|that has|having] ({_BEST})) per [combination of|distinct|unique] <k:Cols>",
    f"(for|of|in|within|from) (each|every) [combination of|distinct|unique] <k:Cols> [,] @keep [@only] (<first:FirstOf>|<last:LastOf>|[row|one|record|entry|<e:Entity>|that] [with|that has|having|where] ({_BEST})) [@only]",
    f"(if|when|where) [same|a] <k:Cols> (appears|occurs|is there|is repeated|is listed|comes up|shows up|repeats) (more than once|twice|several times|again|multiple times|repeatedly) [,] [then] @keep [@only] (<first:FirstOf>|<last:LastOf>|[row|one|record|entry] [with|that has] ({_BEST}))",
    f"@remove [@all] {_DUPLICATES} <k:Cols> [,|-|:|(|;] [and|but] {_KEEP_WHICH} (<first:FirstOf>|<last:LastOf>|{_BEST}) [)]",
    f"(if|when|where|whenever) [same|both] <k:Cols> [both] (appears|occurs|appear|occur|repeat|repeats|is repeated|are repeated|are same|match|is there|come up|comes up|shows up|show up) [more than once|twice|several times|again|multiple times|repeatedly|together] [,] [then] @keep [@only] (<first:FirstOf>|<last:LastOf>|[row|one|record|entry] [with|that has] ({_BEST}))",
    f"@remove [@all] {_DUPLICATES} [@rows|<e:Entity>|copies] [,|-|(] [and|but] {_KEEP_WHICH} (<last:LastOf>|<first:FirstOf>)",
)
def which_per_key(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first, the last or the extreme row for each key."""
    keys = env.get("k", ())
    if "by" in env:
        if env["by"] in keys:
            return None
        order = (SortKey(column=env["by"], descending=env["dir"]),)
        filled = DropNull(columns=(env["by"],))
        del filled
        return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
    if "last" in env and env["last"] == "recent":
        moments = reader.of_type(TEMPORAL)
        if len(moments) == 1:
            order = (SortKey(column=moments[0], descending=True),)
            return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
        raise ask("ambiguous", "Latest by which column?", moments or reader.view.names)
    if "first" in env and env["first"] == "early":
        moments = reader.of_type(TEMPORAL)
        if len(moments) == 1:
            order = (SortKey(column=moments[0]),)
            return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys)
        raise ask("ambiguous", "Earliest by which column?", moments or reader.view.names)
    return act(Deduplicate(keys=keys, keep="last" if "last" in env else "first"), touched=keys)


@frame(
    "no row that is repeated",
    "@remove [@all] (@rows|<e:Entity>|everything|anything) (that|which|whose) [<k:Cols>] (appear|appears|occur|occurs|are|is) (more than once|duplicated|repeated|twice or more|several times) [, including first one|entirely|completely|, including first|, originals included|and keep none|, keeping none]",
    f"@remove [@all] {_DUPLICATES} [@rows] [by|on] [<k:Cols>] [,] (and|including) (keep none|originals|original|first one|all copies|their originals|keep none of them|the originals)",
    "@keep [@only] (@rows|<e:Entity>) (that|which|whose) [<k:Cols>] (appear|appears|occur|occurs|are|is) (exactly once|only once|once|just once|not repeated|not duplicated)",
)
def never_repeated(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Only rows that occur once."""
    words = {reader.low(step) for step in range(start, end)}
    if "keep" not in words and not words & {
        "including",
        "none",
        "entirely",
        "completely",
        "originals",
        "included",
        "once",
    }:
        return None
    return act(Deduplicate(keys=env.get("k", ()), keep="none"))


# -- order


def _direction(reader: Reader, column: str, said: str | None) -> bool:
    return said == "down"


@frame(
    "sort",
    "@sort [@all|whole] [of] [@rows|@table|<e:Entity>|it|them] [@by|so that] [@column] <by:SortKeys>",
    "(sort|order|arrange|rank|sorted|ordered) [@rows|@table|<e:Entity>] <by:SortKeys>",
    "(sorted|ordered|arranged) [@by] <by:SortKeys>",
    "by <by:SortKeys>",
    "@sort [@all] [@rows|@table|<e:Entity>] (with|so that|so|such that) [row|rows|one|ones|<e2:Entity>|those] [with] [the] <by:SortKeys> [is|are|come|comes|be|appear|appears|at top|on top|goes|go]",
    "<e:Entity> sorted @by <by:SortKeys>",
    "<by:SortKeys>",
)
def sort(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows in order."""
    if not {
        "first",
        "last",
        "ascending",
        "descending",
        "sort",
        "sorted",
        "order",
        "ordered",
        "arrange",
        "arranged",
        "rank",
        "by",
        "alphabetically",
        "top",
    } & {reader.low(step) for step in range(start, end)}:
        return None
    keys, nulls_first = env["by"]
    seen: dict[str, bool] = {}
    for column, descending in keys:
        if column in seen:
            if seen[column] == descending:
                continue
            raise ask(
                "contradictory",
                f"'{column}' cannot be in ascending and in descending order. Which one?",
                ["ascending", "descending"],
            )
        seen[column] = descending
    by = tuple(SortKey(column=column, descending=descending) for column, descending in seen.items())
    columns = tuple(seen)
    if nulls_first:
        first = columns[0]
        name = fresh(reader, "is_blank")
        return act(
            Derive(columns=(Derivation(column=name, expression=f"{quoted(first)} IS NULL"),)),
            Sort(by=(SortKey(column=name, descending=True), *by)),
            Drop(columns=(name,)),
            touched=columns,
        )
    return act(Sort(by=by), touched=columns)


@frame(
    "sort by length",
    "@sort [@all] [@rows|@table|<e:Entity>] @by <c:Col> (length) [,] [<d:Direction>]",
    "@sort [@all] [@rows|@table|<e:Entity>] @by (length of|number of characters in|how long) <c:Col> [is] [,] [<d:Direction>]",
)
def sort_by_length(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows by the length of a text."""
    name = fresh(reader, "length")
    return act(
        Derive(columns=(Derivation(column=name, expression=f"LENGTH({quoted(env['c'])})"),)),
        Sort(by=(SortKey(column=name, descending=env.get("d") == "down"),)),
        Drop(columns=(name,)),
    )


@frame(
    "reverse",
    "(reverse|flip|invert) [the] (order of [@all] @rows|row order|rows|order|@table|order of @table)",
    "@sort [@all] @rows in reverse order",
)
def reverse(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The last row first."""
    name = fresh(reader, "position")
    return act(
        Window(columns=(WindowColumn(name=name, function="row_number"),)),
        Sort(by=(SortKey(column=name, descending=True),)),
        Drop(columns=(name,)),
    )


@frame(
    "sort without a column",
    "(sort|order|arrange|rank) [@all] [@rows|@table|<e:Entity>|it|them] [,] [@up|@down|@early|@late|properly|nicely|sensibly]",
    "[@keep|@sort] [@rows|@table|<e:Entity>|it|them] (best|worst|biggest|smallest|most important|largest|highest|lowest|top) [ones|<e2:Entity>] first",
    cost=0.7,
)
def sort_by_nothing(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A sort needs a column."""
    words = [reader.low(step) for step in range(start, end)]
    moments = reader.of_type(TEMPORAL)
    late = reader.match_any("@sort [@all] [@rows|@table|<e:Entity>|it|them] [,] @late", start)
    early = reader.match_any("@sort [@all] [@rows|@table|<e:Entity>|it|them] [,] @early", start)
    if (late or early) and len(moments) == 1:
        return act(Sort(by=(SortKey(column=moments[0], descending=late),)), touched=moments)
    raise ask("ambiguous", f"By which column is to be sorted ('{' '.join(words)}')?", reader.view.names)


# -- how many


@frame(
    "first rows",
    "[@keep] [@only] [top|first] <n:Count> @rows [of @table|from top]",
    "[@keep] [@only] first <n:Count> [@rows|<e:Entity>|of them] [of @table|in @table|from top|@only]",
    "[@keep] [@only] top <n:Count> @rows [of @table|in @table|@only]",
    "(limit|cap|truncate|restrict|cut|trim|cut down|shorten|cut off) [@table|it|this|result|output] (to|at|after) [first|at most|@only|top|maximum of] <n:Count> [@rows|<e:Entity>]",
    "@keep [@only] [at most|maximum of|no more than|up to] <n:Count> (@rows|<e:Entity>) [of @table|in @table]",
    "(limit|head) <n:Count> [@rows]",
    "@remove (everything|all rows|all|anything|rest|whatever comes|all that comes|everything that comes) (after|past|beyond|below|but|except|following) [first] [row] <n:Count> [@rows]",
)
def first_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first rows as they stand."""
    words = [reader.low(step) for step in range(start, end)]
    if "e" in env and not {
        "first",
        "top",
        "limit",
        "cap",
        "most",
        "maximum",
        "more",
        "up",
        "restrict",
        "truncate",
        "cut",
        "trim",
    } & set(words):
        return None
    return act(Limit(rows=env["n"]))


@frame(
    "first row",
    "@keep [@only] (first|top) (row|record|line|entry) [of @table|in @table|@only]",
    "[@only] (first|top) (row|record|line|entry) [of @table|@only]",
)
def first_row(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first row."""
    return act(Limit(rows=1))


@frame(
    "last rows",
    "[@keep] [@only] (last|final|bottom) <n:Count> [@rows|<e:Entity>|of them] [of @table|in @table|from bottom|@only]",
    "@keep [@only] (last|final|bottom) (row|record|line|entry) [of @table|in @table]",
    "(tail) <n:Count>",
)
def last_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The last rows as they stand."""
    number_ = fresh(reader, "row_number")
    total = fresh(reader, "row_count")
    return act(
        Window(columns=(WindowColumn(name=number_, function="row_number"), WindowColumn(name=total, function="count"))),
        Filter(where=f"{quoted(number_)} > {quoted(total)} - {env.get('n', 1)}"),
        Drop(columns=(number_, total)),
    )


@frame(
    "without first or last rows",
    "(skip|remove|drop|delete|cut|ignore|discard|cut off|leave out|throw away|get rid of) (first|top) <n:Count> (@rows|<e:Entity>)",
    "(skip|remove|drop|delete|cut|ignore|discard|leave out) (first|top) (row|record|line)",
)
def skip_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All rows but the first."""
    return act(Limit(rows=10**12, offset=env.get("n", 1)))


@frame(
    "without last rows",
    "(skip|remove|drop|delete|cut|ignore|discard|cut off|leave out|get rid of) (last|bottom|final) <n:Count> (@rows|<e:Entity>)",
    "(skip|remove|drop|delete|cut|discard) (last|bottom|final) (row|record|line)",
)
def skip_last(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All rows but the last."""
    number_, total = fresh(reader, "row_number"), fresh(reader, "row_count")
    return act(
        Window(columns=(WindowColumn(name=number_, function="row_number"), WindowColumn(name=total, function="count"))),
        Filter(where=f"{quoted(number_)} <= {quoted(total)} - {env.get('n', 1)}"),
        Drop(columns=(number_, total)),
    )


@frame(
    "rows from to",
    "[@keep] [@only] @rows [number] <a:Count> (to|through|-|–|until) <b:Count> [inclusive|@only]",
    "[@keep] [@only] <a:Place> (to|through|until) <b:Place> (row|rows)",
)
def rows_from_to(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Rows by their numbers, from one on."""
    first, last = env["a"], env["b"]
    if not 0 < first <= last:
        return None
    return act(Limit(rows=last - first + 1, offset=first - 1))


@frame(
    "every nth row",
    "[@keep] [@only] every <n:Place> (row|record|line|<e:Entity>) [@only|starting with first|starting with first one|, starting with first]",
    "[@keep] [@only] every other (row|record|line)",
)
def every_nth(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Every nth row; from which one on has to be known."""
    said = "starting" in [reader.low(step) for step in range(start, end)]
    step_ = env.get("n", 2)
    if not said:
        raise ask("ambiguous", f"Every {step_}th row, starting with which one?", ["the first row", f"row {step_}"])
    name = fresh(reader, "row_number")
    return act(
        Window(columns=(WindowColumn(name=name, function="row_number"),)),
        Filter(where=f"({quoted(name)} - 1) % {step_} = 0"),
        Drop(columns=(name,)),
    )


@frame(
    "sample",
    "[@keep|draw|choose] [@only] (random|randomly|arbitrary) [sample of|selection of|subset of|set of] <n:Count> [random|randomly] [@rows|<e:Entity>] [of @table|from @table|at random|chosen at random]",
    "[@keep|draw|choose|sample] [@only] [random] [sample|selection|subset] [of] <n:Count> [random|randomly] [@rows|<e:Entity>] [from @table|of @table] (at random|randomly|chosen at random|picked at random|randomly chosen|randomly selected|drawn at random|selected at random|chosen randomly|by chance|by lot)",
    "(sample|randomly (select|pick|choose|draw|sample|take|keep)) <n:Count> [@rows|<e:Entity>] [from @table|of @table|at random|randomly]",
    "[@keep|draw|choose] [@only] <n:Count> (random|randomly chosen|randomly selected|randomly picked|arbitrary) (@rows|<e:Entity>) [from @table|of @table]",
    "[@keep|draw|choose] [@only] (sample|random sample|random subset|random selection) of <n:Count> [@rows|<e:Entity>] [from @table|of @table]",
)
def sample(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some rows by lot."""
    if env["n"] > reader.view.rows > 0:
        raise ask(
            "contradictory", f"There are only {reader.view.rows} rows, fewer than {env['n']}. How many are wanted?"
        )
    return act(Sample(rows=env["n"]))


@frame(
    "sample share",
    "[@keep|draw|choose|sample|randomly (select|pick|choose|draw|sample|keep)] [@only] [random|randomly] [sample|selection|subset] [of] <n:Count> (%|percent) [random] [sample] [of] [@rows|@table|<e:Entity>] [at random|randomly|chosen at random]",
)
def sample_share(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A share of the rows by lot."""
    words = " ".join(reader.low(step) for step in range(start, end))
    if "random" not in words and "sample" not in words:
        return None
    return act(
        Sample(rows=round(reader.view.rows * env["n"] / 100)) if reader.view.rows else Sample(fraction=env["n"] / 100)
    )


_SUPER = "<x:Extreme> [value|values|number|figure] [of|in|for|by|on|according to] [column] <c:Col> [value|values|first|figures|numbers]|<c:Col> (<x:Extreme>)|<x:Superlative> [in|by|on|according to|in terms of|based on] <c:Col>|<x:Extreme> in terms of <c:Col>|<x:Extreme> <c:Col>|<c:Col> [that is] <x:Extreme>"


@frame(
    "top rows",
    f"[@keep|what are|which are|which] [@only] [top] <n:Count> [@rows|<e:Entity>] (with|by|having|that have|which have|in terms of|of|showing|who have|on|according to|ranked by|based on|for|measured by) (({_SUPER}))",
    "[@keep|what are|which are|which] [@only] <n:Count> (<x:Superlative>) [@rows|<e:Entity>] (by|in terms of|according to|on|with respect to|measured by|based on|in) [column|their|its] <c:Col>",
    "[@keep|what are|which are|which] [@only] (<x:Superlative>) <n:Count> [@rows|<e:Entity>] (by|in terms of|according to|on|with respect to|measured by|based on|in|for|of) [column|their|its] <c:Col>",
    "[@keep|what are|which are|which] [@only] top <n:Count> [@rows|<e:Entity>] (by|in|for|on|of|according to|based on|in terms of|ranked by|with|sorted by|ordered by|measured by|when sorted by|when ranked by|going by) [column|highest|largest|biggest|greatest|most] [column] <c:Col> [@down]",
    "[@keep|what are|which are|which] [@only] bottom <n:Count> [@rows|<e:Entity>] (by|in|for|on|of|according to|based on|in terms of|ranked by|with|sorted by|measured by|when sorted by) [column|lowest|smallest|least] [column] <c:Col>",
    "[@keep|what are|which are|which] [@only] <n:Count> (<x:Extreme>) <c:Col> [values|rows|@rows|<e:Entity>|figures|numbers]",
    "[@keep] [@only] (<x:Extreme>) <n:Count> <c:Col> [values|rows|@rows|<e:Entity>]",
    "[@keep] [@only] [top] <n:Count> (<s:Measured>) [@rows|<e:Entity>] [@only|ones]",
    "[@keep] [@only] (<s:Measured>) <n:Count> [@rows|<e:Entity>] [@only]",
    "[@keep|which is|what is] [@only] [single|one] [@rows|row|record|one|<e:Entity>] (with|having|that has|which has|that have) ("
    + _SUPER
    + ")",
    "[@keep] [@only] (<x:Superlative>) <n:Count> [@rows|<e:Entity>] [by|on|in|for] <c:Col>",
    "[@keep] [@only] <n:Count> (@rows|<e:Entity>) (where|whose|for which|in which) <c:Col> (is|are|was) (<x:Extreme>)",
    "[@keep] [@only] (<x:Superlative>) [<e:Entity>] [by|in terms of|according to|in] <c:Col> [, @only one|: one row|, one row|one row]",
    "[@keep] [@only] <n:Count> [@rows|<e:Entity>] (that|which|who) <c:Col> (<x:Extreme>)",
)
def top_rows(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows with the greatest or smallest values."""
    column, descending = _key(reader, env, start, end)
    if column is None or reader.column(column).type is LogicalType.STRING:
        return None
    rows = env.get("n", 1)
    sort_ = Sort(by=(SortKey(column=column, descending=descending),))
    return act(sort_, Limit(rows=rows), touched=(column,))


def _key(reader: Reader, env: dict[str, Any], start: int, end: int) -> tuple[str | None, bool]:
    if "s" in env:
        return env["s"]  # type: ignore[no-any-return]
    words = {reader.low(step) for step in range(start, end)}
    if "x" in env:
        descending = bool(env["x"])
    elif "bottom" in words:
        descending = False
    elif "top" in words:
        descending = True
    else:
        return None, False
    return env["c"], descending


_EACH = "(per|for each|for every|in each|in every|of each|of every|within each|within every|from each|by|each|inside each|across each|for each distinct|in every single|at each)"


@frame(
    "top rows of each group",
    f"[@keep|what are|which are] [@only] [top|up to] <n:Count> [@rows|<e:Entity>] (with|by|having|that have|in terms of|of|on|according to) ({_SUPER}) [,] {_EACH} <k:Cols>",
    f"[@keep|what are|which are] [@only] <n:Count> (<x:Superlative>|<x:Extreme>) [@rows|<e:Entity>] {_EACH} <k:Cols> [,] (by|in terms of|according to|on|measured by|based on|ranked by|going by) <c:Col>",
    f"[@keep|what are|which are] [@only] <n:Count> (<x:Superlative>|<x:Extreme>) [@rows|<e:Entity>] (by|in terms of|according to|on|measured by|based on|in) <c:Col> [,] {_EACH} <k:Cols>",
    f"[@keep|what are|which are] [@only] top <n:Count> [@rows|<e:Entity>] {_EACH} <k:Cols> [,] (by|in terms of|according to|on|measured by|based on|ranked by|for|going by) [highest|largest] <c:Col>",
    f"[@keep|what are|which are] [@only] bottom <n:Count> [@rows|<e:Entity>] {_EACH} <k:Cols> [,] (by|in terms of|according to|on|measured by|based on|ranked by|for) [lowest|smallest] <c:Col>",
    f"[@keep|what are|which are] [@only] top <n:Count> [@rows|<e:Entity>] (by|in terms of|according to|on|measured by|based on) <c:Col> [,] {_EACH} <k:Cols>",
    f"[@keep|what are|which are] [@only] bottom <n:Count> [@rows|<e:Entity>] (by|in terms of|according to|on|measured by|based on) <c:Col> [,] {_EACH} <k:Cols>",
    f"[@keep|what are|which are] [@only] <n:Count> (<s:Measured>) [@rows|<e:Entity>] {_EACH} <k:Cols>",
    f"[@keep|what are|which are] [@only] (<s:Measured>) <n:Count> [@rows|<e:Entity>] {_EACH} <k:Cols>",
    f"[@keep|what are|which are] [@only] <n:Count> (<x:Extreme>) <c:Col> [values|rows|@rows|<e:Entity>] {_EACH} <k:Cols>",
    f"[@keep] [@only] [single|one] [row|record|one|<e:Entity>] (with|having|that has|which has) ({_SUPER}) {_EACH} <k:Cols>",
    f"(for|in|within|of|from|per) [each|every] <k:Cols> [,] (@keep|show|give|list|take) [@only] [top|up to] <n:Count> [@rows|<e:Entity>|ones] (with|by|having|that have|in terms of|of|on|according to) ({_SUPER})",
    f"(for|in|within|of|from|per) [each|every] <k:Cols> [,] (@keep|show|give|list|take) [@only] top <n:Count> [@rows|<e:Entity>|ones] (by|in terms of|according to|on|measured by|based on|ranked by) [highest] <c:Col>",
    f"(for|in|within|of|from|per) [each|every] <k:Cols> [,] (@keep|show|give|list|take) [@only] <n:Count> (<s:Measured>) [@rows|<e:Entity>|ones]",
    f"(for|in|within|of|from|per) [each|every] <k:Cols> [,] (@keep|show|give|list|take) [@only] [row|record|one|<e:Entity>|single row|rows] (with|having|that has|which has) ({_SUPER})",
    f"(for|in|within|of|from|per) [each|every] <k:Cols> [,] (@keep|show|give|list|take) [@only] <n:Count> (<x:Superlative>|<x:Extreme>) [@rows|<e:Entity>|ones] (by|in terms of|according to|on|measured by|based on|ranked by) <c:Col>",
    f"[@keep] [@only] (<s:Measured>) [row|record|one|<e:Entity>|<w:Word>] {_EACH} <k:Cols>",
)
def top_of_each(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The rows with the greatest or smallest values in each group."""
    column, descending = _key(reader, env, start, end)
    if column is None or column in env["k"]:
        return None
    name = fresh(reader, "rank_in_group")
    return act(
        Window(
            partition_by=env["k"],
            order_by=(SortKey(column=column, descending=descending),),
            columns=(WindowColumn(name=name, function="row_number"),),
        ),
        Filter(where=f"{quoted(name)} <= {env.get('n', 1)} AND {quoted(column)} IS NOT NULL"),
        Drop(columns=(name,)),
        touched=(column, *env["k"]),
    )


@frame(
    "first rows of each group",
    f"[@keep] [@only] first <n:Count> [@rows|<e:Entity>] {_EACH} <k:Cols>",
    f"[@keep] [@only] last <n:Count> [@rows|<e:Entity>] {_EACH} <k:Cols>",
)
def first_of_each(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first or last rows of each group, as they stand."""
    last = "last" in [reader.low(step) for step in range(start, end)]
    number_, total = fresh(reader, "row_number"), fresh(reader, "row_count")
    where = f"{quoted(number_)} > {quoted(total)} - {env['n']}" if last else f"{quoted(number_)} <= {env['n']}"
    return act(
        Window(
            partition_by=env["k"],
            columns=(WindowColumn(name=number_, function="row_number"), WindowColumn(name=total, function="count")),
        ),
        Filter(where=where),
        Drop(columns=(number_, total)),
    )


@frame(
    "best of what",
    "[@keep|what are|which are|who are] [@only] [top|bottom] <n:Count> (best|worst|top|biggest|largest|smallest|most important|greatest|leading|most interesting|highest|lowest|latest|newest|most recent|good|oldest|earliest|cheapest|most expensive|strongest|longest|shortest|heaviest|lightest|main|key|most popular|most successful) [@rows|<e:Entity>|ones] [@only]",
    "[@keep|what are|which are|who are] [@only] (best|worst|top|bottom|biggest|largest|smallest|most important|greatest|leading|highest|lowest|latest|newest|most recent|main|most popular|recent|important|good|bad|big|small|large|expensive|cheap|old|new|long|short|heavy|light|high|low|interesting|relevant|significant|typical|unusual|strange|popular|busy|successful) [<n:Count>] [@rows|<e:Entity>|ones] [@only] [each|per <k:Cols>|of each <k:Cols>|in each <k:Cols>|for each <k:Cols>|by <k:Cols>]",
    "[@keep] [@only] top <n:Count> [@rows|<e:Entity>] [per <k:Cols>|of each <k:Cols>|in each <k:Cols>|for each <k:Cols>|by <k:Cols>]",
    "[@remove] [@all] (best|worst|biggest|largest|smallest|most important|highest|lowest|latest|newest|recent|bad|big|small|large|expensive|cheap|old|new|strange|weird|wrong|invalid|useless|irrelevant|unnecessary|unimportant|odd|low|high|incorrect|suspicious) [@rows|<e:Entity>|ones|values|data|entries]",
    cost=0.7,
)
def best_of_what(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A rank needs a column."""
    words = [reader.low(step) for step in range(start, end)]
    if (
        words[:1] == ["top"]
        and "n" in env
        and "e" not in env
        and any(word in words for word in ("rows", "records", "lines", "entries"))
    ):
        return None
    made = [
        name
        for name in reader.memory.made
        if reader.view.column(name) is not None and reader.column(name).type in NUMERIC
    ]
    if (
        len(made) == 1
        and "k" not in env
        and set(words) & {"top", "highest", "largest", "biggest", "greatest", "lowest", "smallest", "bottom", "most"}
    ):
        descending = not set(words) & {"lowest", "smallest", "bottom"}
        return act(
            Sort(by=(SortKey(column=made[0], descending=descending),)), Limit(rows=env.get("n", 1)), made=tuple(made)
        )
    raise ask("ambiguous", f"By which column is '{reader.raw(start, end)}' to be judged?", reader.view.names)


@frame(
    "groups of a size",
    "[@keep] [@only] [@all] (those|ones|groups|<e:Entity>|@rows|<c:Col>) (with|having|that have|which have|where there are|of) (<op:Bound>) [@rows|<f:Entity>]",
    "@remove [@all] (those|ones|groups|<e:Entity>|@rows|<c:Col>) (with|having|that have|which have|where there are|of) (<op:Bound>) [@rows|<f:Entity>]",
    cost=0.3,
)
def groups_of_size(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Groups whose figure, which was just made, is so large."""
    made = [
        name
        for name in reader.memory.made
        if reader.view.column(name) is not None and reader.column(name).type in NUMERIC
    ]
    if len(made) != 1 or reader.view.rows:
        return None
    operator, value = env["op"]
    where = f"{quoted(made[0])} {operator} {value}"
    removing = reader.first("@remove", start) is not None
    return act(Filter(where=f"NOT ({where})" if removing else where), made=tuple(made))


@frame(
    "greatest of what column",
    "[@keep|which is|what is] [@only] (<x:Superlative>) [@rows|<e:Entity>] (by|in|of|for) <k:Cols>",
    cost=2.0,
)
def unclear_extreme(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Too little to go by."""
    raise ask(
        "ambiguous", f"'{reader.raw(start, end)}': the greatest by which column, and how many rows?", reader.view.names
    )


def measured(reader: Reader, word: str, at: int) -> tuple[str, bool] | None:
    """The column and direction of a superlative; the doubt is noted where several columns fit."""
    if word in TIMES:
        moments = reader.of_type(TEMPORAL) or [
            name for name in reader.view.names if name.casefold() == "year" and reader.column(name).type in NUMERIC
        ]
        ages = measuring(reader, word)
        if len(moments) == 1 and not ages:
            return moments[0], TIMES[word]
        if len(ages) == 1 and not moments:
            return ages[0], MEASURES[word][1]
        if moments or ages:
            reader.note(at, which_column(word, (*moments, *ages)), 2.0)
        return None
    if word not in MEASURES:
        return None
    columns = measuring(reader, word)
    if len(columns) == 1:
        return columns[0], MEASURES[word][1]
    if columns:
        reader.note(at, which_column(word, columns), 2.0)
    return None


def unsure(columns: tuple[str, ...]) -> str:
    """Names in a question."""
    return listed(columns)
