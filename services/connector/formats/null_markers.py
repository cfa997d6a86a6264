"""What stands for "no value" in files of strangers, in columns of numbers, dates or truth values."""

MARKERS = frozenset(
    (
        "", "NA", "N/A", "n/a", "n.a.", "#N/A", "#N/A N/A", "#NA", "<NA>", "NULL", "null", "Null",
        "(null)", "None", "none",
        "nan", "NaN", "NAN", "-nan", "-NaN", "-", "--", "---", "–", "—", "\\N", ".", "..", "?", "#VALUE!", "#DIV/0!",
        "#REF!", "#NAME?", "#NUM!", "#NULL!",
    )
)  # fmt: skip
