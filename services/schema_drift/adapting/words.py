"""The steps that adapt, one English line each."""

from contracts.recipe import (
    Affix,
    Cast,
    ConvertUnit,
    ConvertZone,
    Derive,
    Drop,
    Extract,
    FillNull,
    JoinColumns,
    Pad,
    ParseDate,
    ParseNumber,
    Rename,
    Replace,
    ReplaceText,
    Split,
    Step,
    Text,
)

_FAILED = {"fail": "", "null": "; what does not fit becomes null", "quarantine": "; rows that do not fit are set aside"}


def english(step: Step) -> str:
    """What a step does, for a person who decides about it."""
    match step:
        case Rename(columns=columns):
            return "Rename " + ", ".join(f"{old} to {new}" for old, new in columns.items())
        case Cast(columns=columns, on_failure=failed):
            casts = ", ".join(f"{name} into {type.value}" for name, type in columns.items())
            return f"Convert {casts}{_FAILED[failed]}"
        case ParseNumber(columns=names, decimal=decimal, to=to, on_failure=failed):
            comma = ", with a decimal comma" if decimal == "," else ""
            return f"Read {', '.join(names)} as {to}{comma}{_FAILED[failed]}"
        case ParseDate(columns=names, formats=formats, day_first=first, to=to, on_failure=failed):
            order = "" if first is None else ", the day first" if first else ", the month first"
            written = f", written as {', '.join(formats)}" if formats else order
            return f"Read {', '.join(names)} as {to}{written}{_FAILED[failed]}"
        case Replace(column=column, values=values):
            pairs = ", ".join(f"{one.old!r} by {'nothing' if one.new is None else repr(one.new)}" for one in values)
            return f"In {column} replace {pairs}"
        case ReplaceText(columns=names):
            return f"Take off what stands around the numbers in {', '.join(names)}"
        case JoinColumns(columns=names, column=whole, separator=between):
            return f"Join {', '.join(names)} into {whole}" + (f", with {between!r} between" if between else "")
        case Split(column=whole, separator=between, into=names):
            return f"Cut {whole} at {between!r} into {', '.join(names)}"
        case Extract(column=whole, pattern=pattern, into=names):
            return f"Take {', '.join(names)} out of {whole} by the pattern {pattern}"
        case Text(columns=names, operations=(Affix(kind="add_suffix", text=ending),)):
            return f"Close {', '.join(names)} with {ending!r}"
        case Text(columns=names, operations=(Pad(length=width, fill="0"),)):
            return f"Fill {', '.join(names)} up to {width} digits"
        case Derive(columns=made):
            return f"Leave {', '.join(one.column for one in made)} empty"
        case Drop(columns=names):
            return f"Leave out {', '.join(names)}"
        case FillNull(columns=names, value=value) if value is not None:
            return f"Put {value!r} where {', '.join(names)} is empty"
        case ConvertUnit(columns=names, from_unit=source, to=target):
            return f"Convert {', '.join(names)} from {source} to {target}"
        case ConvertZone(columns=names, from_zone=source, to=target):
            return f"Convert {', '.join(names)} from the time of {source} to that of {target}"
        case FillNull(columns=names) | Text(columns=names):
            return f"Rewrite {', '.join(names)}"
        case _:
            return step.kind.replace("_", " ").capitalize()
