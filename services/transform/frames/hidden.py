"""Frames about e-mail addresses of which little is left to be seen, said in any order: what stays, what stands for the rest."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import ReplaceText
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.reading import Reader, slot
from services.transform.planner.roles import bag

frames = Frames("hidden")
frame = frames.frame


@slot("MailSample")
def mail_sample(reader: Reader, at: int) -> Any:
    """An address as it should look: j***@example.com."""
    end = at
    while end < len(reader.tokens) and (end == at or reader.tokens[end].start == reader.tokens[end - 1].end):
        if reader.tokens[end].kind == "break":
            break
        end += 1
        text = _glued_before(reader, at) + reader.raw(at, end)
        name, sign, domain = text.partition("@")
        if sign and len(name) > 1 and domain.strip(".,;)") and any(one in name for one in "*x#•."):
            yield end, text, 0.0
    token = reader.tokens[at] if at < len(reader.tokens) else None
    if token is not None and token.kind == "quoted" and "@" in token.text:
        yield at + 1, token.text, 0.0


def _glued_before(reader: Reader, at: int) -> str:
    """What stands right before a token without a space; an `a` there was taken for an article."""
    before = reader.text[: reader.tokens[at].start]
    return before[len(before.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*#•")) :]


@slot("HiddenRoles")
def hidden_roles(reader: Reader, at: int) -> Any:
    """Which addresses, what stays to be seen, and what stands for the rest."""
    hide = "(mask|@replace|hide|obscure|censor|star out|anonymise|anonymize|redact|replace|cover|mask out|obfuscate|shorten|change|turn|blank out)"
    letter = "(first letter|first character|initial|first letter of name|first char|first letter of it|initial letter)"
    domain = "(AT and domain|everything from AT on|domain|domain part|domain name|part after AT|everything after AT|everything from AT|part from AT on|AT and domain|everything from AT on|part after (at|@) [sign])"
    stays = "[are|is|be|remain|remains|stay|stays] [left|shown|visible|kept|readable|to be seen|seen|still visible]"
    see = "(so that|so|:|,|first|leaving|keeping|keep|leave|show|showing|but|except|except for|and keep|and leave|with|to|apart from|only|other than|but keep|but leave|but show)"
    before = "[the] (part|everything|bit|name|name part|user name|username|local part|all|text|letters|characters|all letters|all characters|letters of name) (before|in front of|up to|between first letter and|after first letter and before|after first letter up to) [the] (AT|at) [sign]"
    roles = {
        "what": f"{hide} {before} (in|of) <c:Col>|{hide} [the] (part|everything|bit|text) of <c:Col> (before|in front of|up to) [the] (AT|at) [sign]|{hide} [@all|each] [@values in|@values of] <c:Col> [addresses|address|values|@column|before (AT|at) [sign]]|<c:Col> [addresses] (should|must) (look|read|be|be shown|be masked|appear)|<c:Col> [addresses]|(in|of|for) <c:Col> [,|:] {hide} {before}|{hide} [the] <c:Col> part (before|in front of) (AT|at) [sign]|(in|of|for|from) [each] <c:Col>|{hide} [the] (part|everything) of <c:Col> (before|in front of) [the] (AT|at) [sign]",
        "stays": f"[,] {see} [@only|just] [for|the|its|their] {letter} (and|plus|,|& |as well as) [then] [three stars|stars|<t2:Text>] [,] [then] [the|its] {domain} {stays} [@only]|[,] {letter} (and|plus|, then|,) [then|three stars|stars|<t3:Text>] [,|, then|then] [the] {domain} [@only] {stays}|[,] {see} [@only|just] [for|the|its|their] {letter} {stays}|[,] {see} [@only] [the] {letter} [of name] and everything (from|after) (AT|at) [sign] [on|onwards] {stays}",
        "stars": "[and] [(@replace|hide|show|put|write)] [rest|others|everything else|what is between|anything else|remaining letters|rest of it|rest of name] [replaced|shown|hidden] (with|by|using|as|into|is|are|becomes|become|to) <t:Text> [in between|between|for rest|instead]|[then] [with|by|using] [three] (stars|asterisks) [in between|between|for rest]|<t:Text> (for|instead of) [the] rest",
        "sample": "[,|LP] [like|e . g .|e . g|such as|so|as in|, so|to|for example|giving|becomes|i . e .|as|so it reads|so it looks like|looks like] [this|like] [:] <m:MailSample> [RP]|<full:MailFull> (becomes|->|to|should become|turns into|gives|=>|→) <m:MailSample>",
    }
    yield from bag(reader, at, roles, frozenset({"what", "stays"}))
    yield from bag(reader, at, {"what": roles["what"], "sample": roles["sample"]}, frozenset({"what", "sample"}))


@slot("MailFull")
def mail_full(reader: Reader, at: int) -> Any:
    """An address as it is."""
    end = at
    while end < len(reader.tokens) and (end == at or reader.tokens[end].start == reader.tokens[end - 1].end):
        if reader.tokens[end].kind == "break":
            break
        end += 1
    text = reader.raw(at, end)
    if "@" in text and "*" not in text:
        yield end, text, 0.0


@frame("address hidden in roles", cost=0.35)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The first letter and the domain of an address stay to be seen."""
    found = env["b"]
    column = found["what"]["c"]
    view = reader.column(column)
    if view.type is not LogicalType.STRING or not view.values or not all("@" in one for one in view.values[:50]):
        return None
    sample = found.get("sample", {}).get("m")
    stars = found.get("stars", {}).get("t")
    first = "stays" in found
    if sample is not None:
        name = sample.partition("@")[0]
        hidden = name.lstrip("abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        shown = len(name) - len(hidden)
        if shown > 1 or not hidden or (first and not shown) or (stars is not None and stars != hidden):
            return None
        stars, first = hidden, bool(shown)
    written = (stars or "***").replace("\\", "\\\\")
    if first:
        return act(
            ReplaceText(columns=(column,), pattern=r"^([^@])[^@]*@", replacement=rf"\1{written}@"), touched=(column,)
        )
    return act(ReplaceText(columns=(column,), pattern=r"^[^@]*@", replacement=f"{written}@"), touched=(column,))
