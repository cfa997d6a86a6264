"""Frames about the columns themselves: which to keep, their order, their names."""

import re
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import Drop, Rename, RenameStyle, Reorder, Select
from services.transform.planner.frames.base import Answer, Frames, act
from services.transform.planner.reading import NUMERIC, Reader
from services.transform.planner.view import ask
from services.transform.planner.words import parts

frames = Frames()
frame = frames.frame

_REST = "[and|,|;|.|(] [then] (leave|keep|retain|with|have) [@all] (others|other columns|rest|remaining columns|other ones|rest of columns|everything else|remaining|remaining ones|other fields|rest of them|order of others|others' order|order of rest) [in|as|after|where|to|behind|following|unchanged|untouched|alone] [it|that|them|same|original|their|existing|current|present|is|exactly|how|way] [order] [they|it|that] [are|is|were|was] [in|now|unchanged|untouched|after it|after that|stay|alone|already] [RP]"


# -- no change


@frame(
    "as it is",
    "(keep|leave|retain|do not touch|do not change|preserve|do not remove|do not drop|do not alter|do not modify|keep hold of) [@all] (others|other columns|rest|everything else|all else|other rows|remaining columns|originals|original columns|original column|source columns|other values|others values|original|rest of columns|rest of table|source column|rest of data|all other columns|all columns|all rows|both columns|everything|other ones|remaining rows|remaining ones|other fields|anything else|other cells|all others|every other column|both originals|all other rows|order of rows|order of columns|original order|row order|column order|rows in order|other characters|other columns and rows|order|nulls|@blanks|rest of rows|other values in column|two originals|original two columns|original values|existing columns|existing values) [as|where|in|how|exactly|just|alone] [is|it|they|them|that|same|order|original|exactly|their|its] [is|are|were|was|order|original order|in|unchanged|untouched|alone|now] [in|they are in|unchanged|order|untouched]",
    "(others|other columns|rest|everything else|other rows|remaining columns|originals|all other columns|other values|original columns|original column|remaining rows|nothing else|other characters|all other rows|rest of columns|blanks|@blanks|nulls|order of rows|original order|row order) [should|can|must|may|should all] (stay|remain|stays|be left|be kept|are left|changes|is to change|should change|unchanged|stay blank|stay empty|be left alone|be unchanged|not change|remain blank|stay as blanks|kept|stays same|does not matter|is unimportant) [as|where|in|unchanged|untouched|same|the same|there|alone|blank|empty|how|exactly] [is|it|they|them|order|original order] [is|are|were|was]",
    "(in|with) (same|original|existing) order [as before|as now|of rows|as they are]",
    "(rows|data|values|table|file|lines|they|it|records) (are|is) [already|all] [in|sorted by|sorted|ordered by|ordered|listed in|arranged by|arranged in|given in|stored in] [by] (<c:Col>|date|time|chronological|right|correct|calendar) [order|already|sequence]",
    "(without|do not|not) (changing|touching|altering|change|touch|alter|modifying|dropping|removing|reordering) [@all] (others|other columns|anything else|rest|row order|order|order of rows|originals|rows|column order|original|other values|any rows|any row|originals columns)",
    "(nothing|no columns|no column|no rows|no row) (else|is|should|are) (changes|lost|be lost|be removed|removed|dropped|be dropped|to be dropped|to be removed|to change)",
    "(so|so that) (there is|there are|we have|i have|every|each|all|it is|they are|they|that) [@only] (one|single|consistent|uniform|proper|same|clean|spelled same|consistent spelling) [spelling|spellings|way|form|format|name|version|value] [each|for each|of each|per value|for each one|throughout|everywhere|only|of each name]",
    "<c:Col> (stays|stay|remains|remain|is kept|should stay|should remain) [as it is|unchanged|as is|too|in place|in table|there]",
)
def as_it_is(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What would stay anyway is to stay."""
    return act()


# -- which columns


@frame(
    "keep columns",
    "@keep [@only] [@all] [@columns|column] [:|,] <c:Pick> [@columns] [in that order|in this order|@only|and nothing else|, nothing else|, in that order|and no others|and no other columns|, in this order|in order|as columns|from it|out of @table|and drop rest|, drop rest|and remove rest|and drop everything else|, drop everything else|and remove everything else|and drop others|and remove others|, remove rest|, and drop rest|, rest can go|; rest can go|and discard rest|and forget rest|, and nothing else|, others can go|, remove others|; drop rest|and drop all others|and drop all other columns|and drop other columns|, drop others|and throw away rest|and get rid of rest|and remove all others|and remove other columns|and remove all other columns|and ditch rest|; drop everything else|, and remove everything else]",
    "@only [need|want|keep|show|interested in|care about|use|columns|i need|i want|we need] [@columns] [:] <c:Pick> [@columns]",
    "<c:Pick> [@columns] @only",
    "(i|we) (@only need|@only want|@only care about|am @only interested in|need @only|want @only) [@columns] <c:Pick>",
    "@remove [@all] [@columns] (except|but|apart from|other than|besides|bar|except for|excluding|save|aside from) [for] [@columns] <c:Cols>",
    "@remove [@all] (other columns|everything|all|all columns|every column|anything|columns) (except|but|apart from|other than|besides|bar|except for|excluding|that is not|that are not|save|not|aside from) [for] [@columns|in] <c:Cols> [columns|column]",
    "(reduce|cut|trim|narrow|limit|restrict|cut down|slim|slim down|trim down|whittle down|strip down|project|shrink) [@table|it|columns|down] [down] [to|onto] [@only] [@columns] <c:Pick> [@columns]",
    "[@keep] (just|only) <c:Pick> [@columns]",
    "<c:Cols> (are|is) (all|only thing|only columns|only ones|what|everything|only column) [that] [i|we] (need|want|needs|require|care about)",
)
def keep_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Only some columns stay."""
    chosen: tuple[str, ...] = env["c"]
    words = [reader.low(step) for step in range(start, end)]
    plain = not {"only", "just"} & set(words)
    verb = words[0] if words else ""
    selector = {
        "starting",
        "start",
        "starts",
        "beginning",
        "numeric",
        "text",
        "containing",
        "contain",
        "ending",
        "except",
        "through",
        "to",
        "between",
        "first",
        "last",
        "but",
    } & set(words)
    if (
        verb in ("find", "extract", "pull", "get", "are", "need", "want", "take", "filter")
        and plain
        and len(chosen) == 1
        and not selector
    ):
        return None
    if len(chosen) == len(reader.view.names) and verb in ("keep", "leave", "preserve", "retain"):
        return act()
    listed_names = not selector or "except" not in words
    order = (
        chosen
        if listed_names and not ({"numeric", "text", "all", "containing", "starting", "ending"} & set(words))
        else tuple(name for name in reader.view.names if name in chosen)
    )
    return act(Select(columns=order), touched=order)


@frame(
    "remove columns",
    "@remove [@all] [@columns|column|unnecessary @columns|useless @columns] [:|,|called|named] <c:Pick> [@columns] [from @table|completely|entirely|altogether|again|too|in @table|as well|now|out|afterwards|from it|both]",
    "<c:Cols> (can|should|must|may|could|has to|have to|need to|needs to) [all|both] (go|be dropped|be removed|be deleted|disappear|be left out|be thrown away|leave)",
    "(i|we) (do not need|do not want|no longer need|have no use for|do not care about) [@columns] <c:Pick> [@columns] [anymore|any more|any longer|at all]",
    "(no need for|without|no more|no) [@columns] <c:Cols> [@columns]",
    "(take|leave|kick|throw|chuck|rip|cut|filter|strip|pull) [@columns] <c:Pick> [@columns] (out|away|off) [of @table]",
    "@remove [@all] <c:Pick> [@columns]",
)
def remove_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some columns go."""
    gone: tuple[str, ...] = env["c"]
    if len(gone) >= len(reader.view.names):
        raise ask("contradictory", "That would remove every column. Which ones are meant?", reader.view.names)
    return act(Drop(columns=gone), touched=())


@frame(
    "other columns go",
    "[@all] (others|other columns|rest|everything else|remaining columns|other ones|rest of columns|all others|all other columns|remaining) (can|should|may|must) [all] (go|be dropped|be removed|be deleted|disappear)",
    "@remove [@all] (others|other columns|rest|everything else|remaining columns|other ones|rest of columns|all others|all other columns|remaining ones|remaining|rest of them)",
    "(and|,) (nothing|no columns) else",
)
def other_columns_go(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What a clause before did not name goes."""
    memory = reader.memory
    named = tuple(dict.fromkeys((*memory.used, *memory.touched, *memory.made)))
    there = tuple(name for name in reader.view.names if name in named)
    if not there:
        raise ask("ambiguous", "Which columns are to stay?", reader.view.names)
    return act(Select(columns=there)) if len(there) < len(reader.view.names) else act()


@frame(
    "constant columns go",
    "@remove [@all] (constant @columns|@columns (that|which|with|where|having|in which) [have|has|contain|contains|hold|are|there is|show|every] (@only|single|same|constant|one|identical|no more than|all values|row has) [one|single|a single|constant|same|have same] [distinct|unique|different|value|values|constant] [value|values] [in every row|in all rows|throughout|everywhere|in it|in every one|for every row|for all rows|is same])",
)
def constant_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns with one value."""
    known = [c for c in reader.view.columns if c.distinct or c.nulls]
    if len(known) < len(reader.view.columns):
        return None
    gone = tuple(c.name for c in reader.view.columns if c.distinct + (1 if c.nulls else 0) <= 1)
    return act(Drop(columns=gone)) if gone else act()


# -- order


@frame(
    "columns to the front",
    "(put|move|place|bring|shift|set|make|have|get|i want|want|pull|push) [@columns] <c:Cols> [@columns] [be|to be|to|at|in|as|come|up|right|go|appear] [very] (front|start|beginning|first|first column|first position|first place|leftmost|left|far left|first columns|very front|very start|leftmost column|top|left end|left side|very first|head|first column of @table|leftmost position|first spot|left hand side|left edge|first in @table) [of @table|position|place|column|columns|in @table] "
    + f"[{_REST}]",
    "(put|move|place|bring|set|make|have|get|start with|begin with|lead with) [@columns] [with] <c:Cols> (first|up front|in front|at front|at start|at beginning|to front|in first place|come first|as first column|as first columns|be first|in first position|before everything else|before all others|before all other columns|before all the others|in front of everything else|leftmost|on far left|on left|ahead of others|ahead of everything) [of @table] [,|and] [then|followed by|with] [@all] [others|rest|everything else|other columns|remaining columns|remaining ones] [in|as|after|after it|behind|after that|unchanged|following|follow] [their|it|that|them|same|original|current|existing] [order] [they|it] [are|is|were] [now|in|already|after]",
    "<c:Cols> (should|must|has to|have to|needs to|need to|to) (be|come|go|stand|move|appear) [in|at|to|as|up] [very] (first|front|start|beginning|first column|leftmost|first place|first position|up front|first columns)",
    "(start|begin) [@table] with <c:Cols>",
    "(first column|leftmost column) should be <c:Cols>",
)
def to_front(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move to the start."""
    return act(Reorder(columns=env["c"], position="first"), touched=env["c"])


@frame(
    "columns to the end",
    "(put|move|place|bring|shift|set|make|have|get|i want|want|push|send) [@columns] <c:Cols> [@columns] [be|to be|to|at|in|as|come|all way to|right|go|appear] [very] (end|back|last|last column|last position|last place|rightmost|right|far right|very end|very back|tail|rightmost column|right end|right side|last columns|last spot|right hand side|right edge|very last|rightmost position|end of columns) [of @table|position|place|column|columns|in @table] "
    + f"[{_REST}]",
    "(put|move|place|bring|set|make|have|get|finish with|end with) [@columns] [with] <c:Cols> (last|at end|at back|to end|in last place|come last|as last column|be last|after everything else|after all others|after all other columns|rightmost|on far right|behind everything else|on right|as last columns|at very end) [of @table] [,|and] [@all] [others|rest|everything else] [in|as] [it|that|same|original] [order] [they|it] [are|is]",
    "<c:Cols> (should|must|has to|have to|needs to|to) (be|come|go|stand|move|appear) [in|at|to|as] [very] (last|end|back|last column|rightmost|last place|last position|very end)",
    "(end|finish) [@table] with <c:Cols>",
)
def to_end(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move to the end."""
    return act(Reorder(columns=env["c"], position="last"), touched=env["c"])


@frame(
    "columns beside another",
    "(put|move|place|bring|shift|set|insert|i want|want|have) [@columns] <c:Cols> [@columns] [to be|be|to|so it is|so that it is|so it comes|come|go|so it sits|so that it comes|to come|appear|in] [right|directly|just|immediately|straight|position] (after|behind|to right of|following|next to|beside|right of|on right of) [@column] <a:Col>",
    "(reorder|arrange|rearrange|order|sort) [@table|@columns] (so that|so|such that) <c:Cols> (comes|come|is|are|stands|stand|goes|go|sits|appears) [right|directly|just|immediately|straight] (after|behind|following) <a:Col>",
    "<c:Cols> (should|must|has to|goes|go|needs to|to) [be|come|go|stand|move|appear] [right|directly|just|immediately|straight] (after|behind|to right of|following|next to|beside) [@column] <a:Col>",
)
def after_column(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move behind another."""
    if env["a"] in env["c"]:
        return None
    words = [reader.low(step) for step in range(start, end)]
    if ("next" in words or "beside" in words) and "right" not in words:
        return act(Reorder(columns=env["c"], position="after", anchor=env["a"]), touched=env["c"], cost=0.5)
    return act(Reorder(columns=env["c"], position="after", anchor=env["a"]), touched=env["c"])


@frame(
    "columns before another",
    "(put|move|place|bring|shift|set|insert|i want|want|have) [@columns] <c:Cols> [@columns] [to be|be|to|so it is|so that it is|so it comes|come|go|so it sits|so that it comes|to come|appear|in] [right|directly|just|immediately|straight] (before|in front of|ahead of|to left of|left of|on left of|preceding) [@column] <a:Col>",
    "<c:Cols> (should|must|has to|goes|go|needs to|to) [be|come|go|stand|move|appear] [right|directly|just|immediately|straight] (before|in front of|ahead of|to left of) [@column] <a:Col>",
)
def before_column(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move before another."""
    if env["a"] in env["c"]:
        return None
    return act(Reorder(columns=env["c"], position="before", anchor=env["a"]), touched=env["c"])


@frame(
    "swap columns",
    "(swap|exchange|switch|interchange) [order of|positions of|places of|position of|@columns|place of|around] [@columns] <a:Col> (and|with|&) <b:Col> [@columns] [around|positions|places|over|in order|with each other|in @table]",
    "(let|make|have) <a:Col> (and|&) <b:Col> (swap|change|trade|switch) [places|positions]",
)
def swap_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Two columns change places."""
    names = list(reader.view.names)
    one, other = names.index(env["a"]), names.index(env["b"])
    names[one], names[other] = names[other], names[one]
    return act(Select(columns=tuple(names)))


@frame(
    "columns in the order of the alphabet",
    "(sort|order|arrange|put|reorder|rearrange|list|organise|organize) [@all] [order of] (columns|column|fields|headers|column order) [in|into|by|from] [alphabetically|alphabetical order|alphabetical|alphabetic order|alphabet|name|their name|column name|a to z|their names|alphabetical order of their names|header|name alphabetically|alphabetical order by name|ascending alphabetical order|order of alphabet] [order] [by name|by their names|of their names|by header|from left to right|from a to z|, a to z]",
    "(columns|column order|fields) (in|to) (alphabetical|alphabetic) order",
    "(sort|order|arrange|put|reorder|rearrange) [@all] (columns|fields) [in] (reverse) [alphabetical|alphabetically|alphabetic] [order]",
)
def columns_by_name(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns by their names."""
    words = [reader.low(step) for step in range(start, end)]
    if not {"alphabetically", "alphabetical", "alphabetic", "alphabet", "name", "names", "header", "z"} & set(words):
        if words[-1] in ("columns", "fields", "column"):
            raise ask("ambiguous", "In which order are the columns to stand?", ["alphabetical", *reader.view.names])
        if "reverse" not in words:
            return None
    if "reverse" in words and not {"alphabetical", "alphabetically", "alphabetic"} & set(words):
        return act(Select(columns=tuple(reversed(reader.view.names))))
    names = sorted(reader.view.names, key=lambda name: (name.casefold(), name), reverse="reverse" in words)
    return act(Select(columns=tuple(names)))


@frame(
    "columns backwards",
    "(reverse|flip|invert) [the] (column order|order of [@all] columns|columns|order of fields|columns order)",
    "(put|arrange|order) [@all] columns in (reverse|reversed|opposite|backwards) [order]",
    "(put|arrange) [@all] columns [back to front|backwards|from right to left]",
)
def columns_backwards(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The last column first."""
    return act(Select(columns=tuple(reversed(reader.view.names))))


@frame(
    "columns in this order",
    "(put|arrange|order|reorder|rearrange|sort|list|set|organise|organize|i want|show|place|have|give me|make) [@all] [@columns|@table|column order|order of columns] [in|so|as|into|to|be|that|it|appear] [it|that] [the|this|following|these] [order|sequence|reads|goes|is|columns|they are|column order] [as|is|be|to|order|of] [:|of|-|,] <c:Cols> [in that order|in this order|, in that order|order|then rest|, then rest|, then everything else|, rest after|, then rest as is|and then rest|, and then rest|, followed by rest|followed by rest|, then others|, then all others|, and then everything else|, then remaining ones|, then remaining columns]",
    "(column order|order of columns|columns order|order columns|columns should be|new column order|columns) [should be|is|as|like this|to be|:|,|in this order] [:] <c:Cols>",
    "(put|move|place|bring|start with|begin with) <a:Col> (first|at front|at start|in front|up front|to front) [,|and] [then|next|followed by|after that] <c:FollowedBy>",
    "<a:Col> (first|at front|up front) , [then|next|followed by] <c:FollowedBy>",
    "first <a:Col> , [then|next] <c:FollowedBy>",
)
def columns_in_order(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns in the order in which they were named; what was not named follows."""
    order = tuple(dict.fromkeys(([env["a"]] if "a" in env else []) + list(env["c"])))
    words = [reader.low(step) for step in range(start, end)]
    about_columns = {"columns", "column", "fields", "order", "sequence", "first", "reorder", "rearrange"} & set(words)
    if not about_columns or len(order) < 2:
        return None
    return act(Reorder(columns=order, position="first"), touched=order)


@frame(
    "column at a place",
    "(make|put|move|place|have|set) [@column] <c:Col> [the|to be|as|be|in|to|at|into] <p:Place> (column|position|place|one|spot|field) [in @table|of @table]",
    "(make|put|move|place|have|set) [@column] <c:Col> [as|in|to|at|into] (column|position|place|column number) [number] <n:Count>",
)
def column_at(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column moves to a place."""
    others = [name for name in reader.view.names if name != env["c"]]
    place = env.get("p", env.get("n"))
    if place == -1:
        return act(Reorder(columns=(env["c"],), position="last"))
    if not 1 <= place <= len(others) + 1:
        raise ask("contradictory", f"There are only {len(others) + 1} columns. Which place is meant?")
    return act(Select(columns=(*others[: place - 1], env["c"], *others[place - 1 :])))


# -- names


@frame(
    "rename",
    "(rename|relabel|retitle|re name) [@columns|column|header|headers] [from] <m:Renames>",
    "(change|alter|edit|update|switch|set|correct|fix) [@column] (name|names|header|headers|title|label|column name|column names|heading|headings|column header|column headers) [of|for|from] [@column|columns] <m:Renames>",
    "(change|alter|update|set) <m:RenamesOfName>",
    "(call|name|label|title) [@column|columns] <m:RenamesCall>",
    "<m:RenamesShould>",
    "(i want|i would like|we want|make|have|want) [@column] <m:RenamesBe>",
    "<m:RenamesArrow>",
    "(change|turn|switch) [@column|header|name|column name|title|heading] <m:Renames> [in header|in headers|in header row|in column names]",
    "(give|assign) [@column] <c:Col> [the|a] (new name|name|header|title|label|better name) [of|:] <n:Name>",
    "use <n:Name> (instead of|in place of|rather than) <c:Col> as [the] (name|header|column name|title|heading)",
    "(use|set) <n:Name> as [the] [new] (name|header|column name|title|heading|label) (for|of) [@column] <c:Col>",
    "(replace|change|swap) [@column|header|column name] <c:Col> (with|by|to) [@column|header|column name|name] <n:Name> (as header|as name|in header|in headers|in column names|in header row|as column name)",
)
def rename(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns get new names."""
    pairs: tuple[tuple[str, str], ...] = env.get("m") or ((env["c"], env["n"]),)
    words = {reader.low(step) for step in range(start, end)}
    first = reader.low(start)
    if (
        first in ("change", "turn", "switch")
        and "m" in env
        and not {"name", "header", "names", "headers", "title", "column", "heading", "columns", "label"} & words
    ):
        return None  # `change a to b` may be about values
    new = [name for _, name in pairs]
    if len(set(new)) < len(new):
        raise ask("contradictory", f"Two columns cannot both be called '{new[0]}'. Which names are meant?")
    for old, name in pairs:
        taken = reader.view.column(name) is not None and name not in dict(pairs)
        if taken and name != old:
            raise ask(
                "contradictory",
                f"There is a column '{name}' already. What is '{old}' to be called, or which of the two goes?",
            )
    return act(Rename(columns=dict(pairs)), touched=tuple(new))


_STYLES = (
    (
        "lower [-] snake [case]|snake [-] case|snake [_] case|snakecase|snake_case|lower_snake_case|lowercase with underscores|lower case with underscores|lower - case with underscores|snake style|lowercase_with_underscores|small letters with underscores|lower case letters with underscores|snake",
        "snake",
    ),
    ("camel [-] case|camelcase|camel_case|lower camel case", "camel"),
    ("pascal [-] case|pascalcase|upper camel case", "pascal"),
    (
        "kebab [-] case|kebab|kebabcase|lower case with hyphens|lowercase with hyphens|lower case with dashes|lowercase with dashes",
        "kebab",
    ),
    (
        "upper [-] case|uppercase|capitals|all caps|capital letters|caps|upper|upper case letters|uppercase letters|all capitals|block capitals|big letters|allcaps|block letters|all - caps|all upper case|all uppercase",
        "upper",
    ),
    (
        "lower [-] case|lowercase|small letters|lower|lower case letters|lowercase letters|all lower case|all lowercase|non - capital letters|lowercased|lower cased",
        "lower",
    ),
    ("title [-] case|titlecase|title|title - case|initial capitals", "title"),
)
_WHAT = "[@all] [of] [my|our|its] [@headers] [in|of] [@table]"


@frame(
    "names in a style",
    "(make|put|turn|convert|change|transform|rename|set|bring|rewrite|write|format|have|switch|render|standardise|standardize|normalise|normalize|reformat|clean|clean up|style|give) [@all] [of] [@columns] [@headers] [of @table|in @table] [to|into|in|be|as|so they are|so that they are] [all] <s:Style> [style|format|names|letters|letters only|throughout] [instead] [please]",
    "(uppercase|upper case|lowercase|lower case|capitalise|capitalize|snake case|snake_case|camel case|title case|lowercase|upper - case|lower - case) [@all] [of] @headers [of @table|in @table]",
    "<s:Style> [for|in] [@all] @headers",
    "[@all] @headers (should be|must be|to|in|to be|into|have to be|need to be) [all] [in] <s:Style>",
)
def style_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All names in one style."""
    words = [reader.low(step) for step in range(start, end)]
    said = " ".join(words)
    if not re.search(r"header|names?|heading|title(?! case)|columns|fields|label", said):
        return None
    if re.search(r"\b(values|text|entries|cells|data) (in|of)\b", said):
        return None
    style = env.get("s")
    if style is None:
        if "capital" in words[0]:
            raise ask(
                "ambiguous",
                "Are the names to be in capitals throughout, or to begin with one?",
                ["UPPER CASE", "Title Case"],
            )
        style = (
            "upper"
            if words[0].startswith("upper")
            else "lower"
            if words[0].startswith("lower")
            else words[0].split("_")[0]
        )
    return _styled(reader, style)


def _styled(reader: Reader, style: str) -> Answer:
    changed = RenameStyle(style=style)  # type: ignore[arg-type]
    return act(changed)


@frame(
    "names lower case with underscores",
    "(make|put|turn|convert|change|rename|set|have|write|clean|standardise|standardize|normalise|normalize) [@all] [of] @headers [to|into|in|be] [all] (lower case|lowercase|small letters|lower - case|lower) [letters] (and|,|, and|with|& ) [also] (use|replace|change|with|turn|swap|put|have|using|convert) <n:Swap>",
    "(lowercase|lower case|lower - case) [@all] [of] @headers (and|,|, and) [also] (use|replace|change|turn|swap|put|convert) <n:Swap>",
    "(make|put|turn|convert|change|rename|set|have|write) [@all] [of] @headers [to|into|in|be] [all] (upper case|uppercase|capitals|upper - case) [letters] (and|,|, and|with) [also] (use|replace|change|with|turn|swap|put|using) <n:Swap>",
    "(replace|change|swap|turn|use|convert|put|substitute) <n:Swap> [in] [@all] [of] @headers (and|,|, and) [also] [then] (make|put|turn|convert|change|set) [them|it|everything|@headers|all of them|names|all] [to|into|in|be|all] (lower case|lowercase|small letters|lower - case|lower)",
)
def lower_and_swap(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names in small or big letters, and a sign in place of another."""
    words = [reader.low(step) for step in range(start, end)]
    upper = {"upper", "uppercase", "capitals"} & set(words)
    olds, new = env["n"]
    renamed = {}
    for name in reader.view.names:
        changed = name
        for old in olds:
            changed = changed.replace(old, new)
        changed = changed.upper() if upper else changed.lower()
        if changed != name:
            renamed[name] = changed
    return _renamed(reader, renamed)


@frame(
    "sign in names",
    "(replace|change|swap|turn|substitute|convert|put|use|exchange|switch) [@all] <n:Swap> [in|of|from|inside|within|for] [@all] [of] @headers [of @table|in @table]",
    "(in|within) [@all] [of] @headers [,] (replace|change|swap|turn|substitute|convert|use) [@all] <n:Swap>",
    "(remove|strip|drop|delete|take|cut|get rid of|trim) [@all] <r:Gone> (from|in|out of|off) [@all] [of] @headers [of @table]",
)
def swap_in_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A sign or word in names replaced or removed."""
    said = " ".join(reader.low(step) for step in range(start, end))
    if not re.search(r"header|names?|heading|title|label", said):
        return None
    olds, new = env["n"] if "n" in env else (env["r"], "")
    renamed = {}
    for name in reader.view.names:
        changed = name
        for old in olds:
            changed = changed.replace(old, new)
        if changed != name and changed:
            renamed[name] = changed
    if not renamed:
        raise ask("unknown_value", f"No column name holds '{olds[0]}'. What is to be replaced?", reader.view.names)
    return _renamed(reader, renamed)


def _renamed(reader: Reader, renamed: dict[str, str]) -> Answer:
    after = [renamed.get(name, name) for name in reader.view.names]
    if len(set(after)) < len(after):
        twice = next(name for name in after if after.count(name) > 1)
        raise ask("contradictory", f"Several columns would be called '{twice}'. What are they to be called?")
    return act(Rename(columns=renamed)) if renamed else act()


@frame(
    "brackets off names",
    "(remove|strip|drop|delete|cut|get rid of|take) [@all] [the] [units|unit|text|everything|part|whatever is|what is|parts|stuff|anything] [that is] (in|inside|within|between) [the|round] (brackets|parentheses|bracket) (from|in|of|off|out of) [@all] [of] @headers",
)
def brackets_off_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names without what stands in brackets."""
    renamed = {name: re.sub(r"\s*\([^)]*\)", "", name).strip() for name in reader.view.names}
    return _renamed(reader, {name: new for name, new in renamed.items() if new and new != name})


@frame(
    "affix names",
    "(add|put|prepend|append|give|attach|prefix|set|stick) [@all] [of] [@columns|@headers] [with] [prefix|suffix|ending] <t:Mark> [as] [prefix|suffix|ending] [in front of|before|to|at start of|at beginning of|at front of|at end of|after|behind|to end of|to start of|to beginning of|to front of|onto|on|for|at] [start of|end of|beginning of] [@all] [of] [@columns|@headers|name] [except <x:Cols>|but <x:Cols>|, except <x:Cols>|apart from <x:Cols>|except for <x:Cols>]",
    "(prefix|suffix) [@all] [of] [@columns|@headers|column names] [with|by] <t:Mark> [except <x:Cols>|, except <x:Cols>|except for <x:Cols>|apart from <x:Cols>]",
    "(prefix|suffix) <c:Cols> (with|by) <t:Mark>",
    "(add|put) [prefix|suffix] <t:Mark> [as] [prefix|suffix] (to|in front of|before|at end of|after|onto|at start of) [name of|names of|@column name] <c:Cols> [name|names]",
)
def affix_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names get a beginning or an ending."""
    said = " ".join(reader.low(step) for step in range(start, end))
    at_end = bool(re.search(r"suffix|append|ending|\bend of\b|after|behind", said))
    at_start = bool(re.search(r"prefix|prepend|in front|before|start of|beginning of|front of", said))
    if at_end == at_start:
        return None
    if "c" in env and not re.search(r"prefix|suffix|names?", said):
        return None
    if "c" not in env and not re.search(r"columns?|header|names?|fields?|heading", said):
        return None
    chosen = env.get("c") or tuple(name for name in reader.view.names if name not in env.get("x", ()))
    if at_end:
        return act(RenameStyle(columns=chosen, suffix=env["t"]))
    return act(RenameStyle(columns=chosen, prefix=env["t"]))


@frame(
    "affix off names",
    "(remove|strip|drop|delete|take|cut|trim|chop|cut off|strip off|take off|get rid of|lose) [prefix|suffix|ending|@all|leading|trailing|unit|unit suffix] <t:Mark> [prefix|suffix|ending|part|bit] (from|off|at end of|in|at start of|at beginning of|out of) [@all] [of] [end of|start of|beginning of] [@columns|@headers|column names|name of|names of] [that have it|where present|where it occurs|that end with it] [<c:Cols>]",
)
def affix_off_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names lose a beginning or an ending."""
    said = " ".join(reader.low(step) for step in range(start, end))
    if not re.search(r"columns|header|names?|heading", said):
        return None
    names = env.get("c") or reader.view.names
    starts = [name for name in names if name.startswith(env["t"])]
    ends = [name for name in names if name.endswith(env["t"])]
    if re.search(r"prefix|start|leading|beginning", said) or (starts and not ends):
        return act(RenameStyle(columns=tuple(names) if "c" in env else (), strip_prefix=env["t"]))
    if re.search(r"suffix|end|trailing|ending", said) or (ends and not starts):
        return act(RenameStyle(columns=tuple(names) if "c" in env else (), strip_suffix=env["t"]))
    inner = {name: name.replace(env["t"], "") for name in names if env["t"] in name and name != env["t"]}
    if inner and not starts and not ends:
        return _renamed(reader, inner)
    return None


def numeric_names(reader: Reader) -> list[str]:
    """Columns of numbers."""
    return reader.of_type(NUMERIC)


TEXTS = frozenset({LogicalType.STRING})


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name."""
    return parts(name)
