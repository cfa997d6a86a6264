"""Text as strangers write it: what is read, what is set aside, what is asked, and that nothing is lost on the way."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.connector.failures import Unreadable
from services.connector.formats.base import Landed
from tests.unit.connector.reading import aside, read, rows, types


def table(landed: Landed) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows(landed)]


def balanced(landed: Landed) -> bool:
    return landed.counted == landed.rows + sum(pile.rows for pile in landed.rejected)


LAYOUTS: dict[str, tuple[str, list[str], list[tuple[Any, ...]], list[str]]] = {
    # name: text, names, rows, why lines were set aside
    "separator line": ("sep=;\nid;a\n1;2,5\n2;3,5\n", ["id", "a"], [(1, 2.5), (2, 3.5)], []),
    "separator line of a spreadsheet": ('"sep=,"\r\nid,a\r\n1,2\r\n', ["id", "a"], [(1, 2)], []),
    "values that begin with #": ("tag,n\n#red,1\n#blue,2\n", ["tag", "n"], [("#red", 1), ("#blue", 2)], []),
    "one column of them": ("tag\n#red\n#blue\n", ["tag"], [("#red",), ("#blue",)], []),
    "comments": ("# by x\nid,a\n1,2\n# note\n3,4\n", ["id", "a"], [(1, 2), (3, 4)], []),
    "units below the header": (
        "t,p\n(s),(hPa)\n1,2.5\n2,3.5\n3,4.5\n", ["t", "p"], [(1, 2.5), (2, 3.5), (3, 4.5)], ["second_header"],
    ),
    "missing values there": ("id,p\n1,NA\n2,3\n3,4\n4,5\n", ["id", "p"], [(1, None), (2, 3), (3, 4), (4, 5)], []),
    "a rule below the header": ("id,name\n--,----\n1,Ann\n2,Bob\n", ["id", "name"], [(1, "Ann"), (2, "Bob")], []),
    "a header on each page": (
        "id,a\n1,2\n3,4\nid,a\n5,6\n", ["id", "a"], [(1, 2), (3, 4), (5, 6)], ["repeated_header"],
    ),
    "a header over two lines": (
        "Region,Sales,,Costs,\n,Q1,Q2,Q1,Q2\nN,1,2,3,4\nS,5,6,7,8\n",
        ["Region", "Sales Q1", "Sales Q2", "Costs Q1", "Costs Q2"], [("N", 1, 2, 3, 4), ("S", 5, 6, 7, 8)], [],
    ),
    "names and values above": (
        "Station,Berlin\nPeriod,2024\n\nid,name,x\n1,a,2.5\n2,b,3.5\n", ["id", "name", "x"],
        [(1, "a", 2.5), (2, "b", 3.5)], [],
    ),
    "sentences with commas above": (
        "Sales, by region\nSource: X, Y, Z\nid,a,b,d\n1,a,2.5,x\n2,b,3.5,y\n", ["id", "a", "b", "d"],
        [(1, "a", 2.5, "x"), (2, "b", 3.5, "y")], [],
    ),
    "row names without a heading": ("mpg,cyl\nMazda,21,6\nFiat,2.5,4\n", ["column_1", "mpg", "cyl"],
        [("Mazda", 21.0, 6), ("Fiat", 2.5, 4)], []),
    "each line quoted once more": ('"id,t"\n"1,""a, b"""\n"2,c"\n', ["id", "t"], [(1, "a, b"), (2, "c")], []),
    "texts for a spreadsheet": ('id,zip\n1,="00123"\n2,="00456"\n', ["id", "zip"], [(1, "00123"), (2, "00456")], []),
    "escaped delimiters": ("id,t,n\n1,a\\,b,2\n2,c,3\n3,d,4\n", ["id", "t", "n"],
        [(1, "a,b", 2), (2, "c", 3), (3, "d", 4)], []),
    "paths that end in a backslash": ("id,t,n\n1,C:\\x\\,2\n2,D:\\,3\n", ["id", "t", "n"],
        [(1, "C:\\x\\", 2), (2, "D:\\", 3)], []),
    "quotes in pairs": ("id,t,n\n1,“a, b”,2\n2,“c”,3\n", ["id", "t", "n"], [(1, "a, b", 2), (2, "c", 3)], []),
    "rows without a value": ("id,a\n1,x\n,\n2,y\n,\n,\n", ["id", "a"], [(1, "x"), (None, None), (2, "y")], []),
    "delimiters at every end": ("id;a;;\n1;2;;\n;;;\n3;4;;\n", ["id", "a"], [(1, 2), (None, None), (3, 4)], []),
    "quoted blanks": ('id,a\n1," "\n2,x \n', ["id", "a"], [(1, " "), (2, "x")], []),
    "blanks alone": ("id,a\n1, \n2,x \n", ["id", "a"], [(1, None), (2, "x")], []),
    "the end of a DOS text": ("id,a\n1,x\n2,y\n\x1a", ["id", "a"], [(1, "x"), (2, "y")], []),
    "a total": ("item,n\na,1\nb,2\nTotal,3\n", ["item", "n"], [("a", 1), ("b", 2)], ["total_line"]),
    "a remark below": ("id,a\n1,2\n3,4\n\nSource: Bureau\n", ["id", "a"], [(1, 2), (3, 4)], ["closing_line"]),
    "a row too long": ("id,a\n1,2\n3,4,5\n6,7\n", ["id", "a"], [(1, 2), (6, 7)], ["too_many_fields"]),
    "a row too short": ("id,a,b\n1,2\n3,4,5\n", ["id", "a", "b"], [(1, 2, None), (3, 4, 5)], []),
    "numbers between blanks": ("1 2 3\n4 5 6\n7 8 9\n", ["column_1", "column_2", "column_3"],
        [(1, 2, 3), (4, 5, 6), (7, 8, 9)], []),
    "two byte order marks": ("\ufeff\ufeffid,a\n1,2\n", ["id", "a"], [(1, 2)], []),
    "blanks of every kind around values": ("id,a\n1,\u00a0x\t\n2,\u3000y \n", ["id", "a"], [(1, "x"), (2, "y")], []),
    "a tab that guards a formula": ('id,a\n1,"\t=1+1 "\n2,\t@x\n3,\t-y\n4,\t z\n', ["id", "a"],
        [(1, "\t=1+1"), (2, "\t@x"), (3, "\t-y"), (4, "z")], []),
    "a quote alone in its value": ('id\tt\tn\n1\t"\t2\n3\t5"\t4\n5\t"a"\t6\n', ["id", "t", "n"],
        [(1, '"', 2), (3, '5"', 4), (5, "a", 6)], []),
    "values that go on in the next line": ('id,t,n\n1,"a\nb",2\n3,c,4\n', ["id", "t", "n"],
        [(1, "a\nb", 2), (3, "c", 4)], []),
    "one column in single quotes": ("id,t,n\n1,'a, b',2\n3,'it''s',4\n5,'c',6\n", ["id", "t", "n"],
        [(1, "a, b", 2), (3, "it's", 4), (5, "c", 6)], []),
    "a box around it": ("| id | a |\n|----|---|\n| 1 | x |\n| 2 | y |\n", ["id", "a"], [(1, "x"), (2, "y")], []),
    "a rule and a total": ("id,a,n\n1,x,2\n3,y,4\n--,--,--\nTotal,,6\n", ["id", "a", "n"], [(1, "x", 2), (3, "y", 4)],
        ["closing_line", "total_line"]),
    "quoted paths": ('id,t\n1,"C:\\x\\"\n2,"D:\\"\n', ["id", "t"], [(1, "C:\\x\\"), (2, "D:\\")],
        []),
    "commas within names": ("Name, first;born\nHill, Ann;1980\nFord, Max;1990\n", ["Name, first", "born"],
        [("Hill, Ann", 1980), ("Ford, Max", 1990)], []),
    "remarks with a comma now and then": ("remark\na; b\nc\nd, e\n", ["remark"], [("a; b",), ("c",), ("d, e",)], []),
    "one column of decimal commas": ("wert\n1,5\n2,25\n", ["wert"], [(1.5,), (2.25,)], []),
    "a mean below": ("id,a,b\n1,x,2\n3,y,4\nAverage,,3\n", ["id", "a", "b"], [(1, "x", 2), (3, "y", 4)],
        ["total_line"]),
    "a comment that may be a row": ("id,a\n1,x\n#2,y\n# 3, z\n4,w\n5,v\n", ["id", "a"], [(1, "x"), (4, "w"), (5, "v")],
        ["commented_row"]),
    "words with # in one column": ("tag\nb#\n#a\n#a\nc\n", ["tag"], [("b#",), ("#a",), ("#a",), ("c",)], []),
    "one column of amounts": ("v\n$4,845.50\n$764.50\n", ["v"], [(4845.5,), (764.5,)], []),
    "one column of lists": ("v\na; b\nc\nd;e;f\n", ["v"], [("a; b",), ("c",), ("d;e;f",)], []),
    "a total among words": ("v\nx\ntotal\ny\n", ["v"], [("x",), ("total",), ("y",)], []),
    "signs beside the separator": ("6%,a\n60%,b\n", ["column_1", "column_2"], [(0.06, "a"), (0.6, "b")], []),
    "more remarks than rows": ("# x, y\n" * 25 + "a,b\n1,2\n3,4\n", ["a", "b"], [(1, 2), (3, 4)], []),
    "commas in all values between tabs": ("$7,264.50\ta, b\tc\n$9,271.50\td, e\tf\n",
        ["column_1", "column_2", "column_3"], [(7264.5, "a, b", "c"), (9271.5, "d, e", "f")], []),
    "a tab before numbers": ("id,a\n1,\t-5\n2,\t7\n", ["id", "a"], [(1, -5), (2, 7)], []),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_table_is_found_and_every_line_accounted_for(tmp_path: Path, name: str) -> None:
    text, names, expected, reasons = LAYOUTS[name]
    landed = read(tmp_path, text)
    assert list(landed.schema.names) == names
    assert table(landed) == expected
    assert [row["reason"] for row in aside(landed)] == reasons
    assert balanced(landed)


COLUMNS: dict[str, tuple[list[str], str, list[Any]]] = {
    "thousands": (["1,234.50", "12", "1,000,000"], "float", [1234.5, 12.0, 1_000_000.0]),
    "indian": (["1,23,456", "12,34,567"], "integer", [123_456, 1_234_567]),
    "swiss": (["1'234.50", "12'345.00"], "float", [1234.5, 12345.0]),
    "narrow blanks": (["1\u202f234", "12\u202f345"], "integer", [1234, 12345]),
    "negative in brackets": (["(1.50)", "2.00"], "float", [-1.5, 2.0]),
    "currency": (["$1,234.50", "-$3.20"], "float", [1234.5, -3.2]),
    "two currencies": (["$12", "€13"], "string", ["$12", "€13"]),
    "telephone": (["+491234567", "+498765432"], "string", ["+491234567", "+498765432"]),
    "nineteen digits": (["1234567890123456789", "1"], "string", ["1234567890123456789", "1"]),
    "finer than microseconds": (
        ["2024-01-13T10:30:00.123456789"], "string", ["2024-01-13T10:30:00.123456789"],
    ),
    "not a day": (["2024-02-30", "2024-01-01"], "string", ["2024-02-30", "2024-01-01"]),
    "yes and no": (["Yes", "no", "YES"], "boolean", [True, False, True]),
    "maybe": (["yes", "no", "maybe"], "string", ["yes", "no", "maybe"]),
    "markers in numbers": (["1", "N/A", "-", "2"], "integer", [1, None, None, 2]),
    "markers in texts": (["a", "NA", "b"], "string", ["a", "NA", "b"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_what_the_values_of_a_column_mean(tmp_path: Path, name: str) -> None:
    texts, type, values = COLUMNS[name]
    landed = read(tmp_path, "id;v\n" + "".join(f"{n};{text}\n" for n, text in enumerate(texts)), delimiter=";")
    assert types(landed)["v"] == type
    assert [row["v"] for row in rows(landed)] == values


DAYS: dict[str, tuple[list[str], str | None]] = {
    "day first": (["13/01/2024", "02/03/2024"], "2024-01-13"),
    "month first": (["01/13/2024", "02/03/2024"], "2024-01-13"),
    "no value settles it": (["01/02/2024", "03/04/2024"], None),
    "the same either way": (["01/01/2024", "02/02/2024"], "2024-01-01"),
    "short years first": (["24-01-13", "24-02-14", "24-02-15"], "2024-01-13"),
    "short years last": (["13-01-24", "14-02-24"], "2024-01-13"),
    "short years anywhere": (["13-01-14", "14-02-13"], None),
    "czech": (["13. března 2024", "1. července 2024"], "2024-03-13"),
    "turkish": (["13 Ocak 2024", "1 Şubat 2024"], "2024-01-13"),
    "unix": (["Sat Jan 13 10:30:00 UTC 2024", "Thu Feb  1 10:30:00 UTC 2024"], "2024-01-13T10:30:00+00:00"),
}


@pytest.mark.parametrize("name", DAYS)
def test_an_order_of_day_and_month_is_settled_by_values_or_asked(tmp_path: Path, name: str) -> None:
    texts, first = DAYS[name]
    landed = read(tmp_path, "id,v\n" + "".join(f"{n},{text}\n" for n, text in enumerate(texts)))
    questions = landed.facts.questions
    if first is None:
        assert types(landed)["v"] == "string"
        assert [question.column for question in questions] == ["v"]
        for answer in questions[0].choices:
            assert types(read(tmp_path, (tmp_path / "file.csv").read_bytes(), columns={"v": answer}))["v"] == "date"
    else:
        assert not questions
        assert rows(landed)[0]["v"].isoformat() == first


TEXTS = {
    "cp1251": "имя,город\nИван,Москва\nПётр,Казань\n",
    "koi8_r": "имя,город\nИван,Москва\nПётр,Казань\n",
    "mac_cyrillic": "имя,город\nИван,Москва\nПётр,Казань\n",
    "cp1253": "όνομα,πόλη\nΓιώργος,Αθήνα\nΜαρία,Πάτρα\n",
    "cp1255": "שם,עיר\nדוד,תל אביב\nשרה,חיפה\n",
    "cp1256": "الاسم,المدينة\nأحمد,القاهرة\nفاطمة,عمان\n",
    "iso8859_6": "الاسم,المدينة\nأحمد,القاهرة\nفاطمة,عمان\n",
    "cp874": "ชื่อ,เมือง\nสมชาย,กรุงเทพ\nสมหญิง,เชียงใหม่\n",
    "cp1250": "jméno,město\nŠárka,Třebíč\nVáclav,Žďár\n",
    "iso8859_2": "jméno,město\nŠárka,Třebíč\nVáclav,Žďár\n",
    "cp1257": "vardas,miestas\nŽydrūnas,Šiauliai\nEglė,Panevėžys\n",
    "iso8859_15": "id,preis\n1,12 €\n2,5 €\n",
    "cp1252": "id,t\n1,“hi”\n2,it’s – ok…\n3,Þórður\n",
    "mac_roman": "id,t\n1,“hi”\n2,it’s – ok…\n",
    "cp932": "名前,都市\n田中太郎,東京\n鈴木花子,大阪\n",
    "euc_jp": "名前,都市\n田中太郎,東京\n佐藤,さいたま\n",
    "iso2022_jp": "名前,都市\n田中太郎,東京\n鈴木花子,大阪\n",
    "gb18030": "姓名,城市\n张伟,北京\n李娜,上海\n",
    "big5": "姓名,城市\n陳大文,臺北\n林小明,高雄\n",
    "euc_kr": "이름,도시\n김철수,서울\n이영희,부산\n",
    "utf-16-be": "naam,stad\nJosé,Málaga\n",
    "utf-32-le": "naam,stad\nJosé,Málaga\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_an_encoding_is_known_by_what_the_text_says(tmp_path: Path, encoding: str) -> None:
    text = TEXTS[encoding]
    landed = read(tmp_path, text.encode(encoding), header=True)
    assert list(landed.schema.names) == text.partition("\n")[0].split(",")
    values = [line.split(",")[1] for line in text.splitlines()[1:]]
    if landed.schema.columns[1].type == "string":
        assert [row[landed.schema.names[1]] for row in rows(landed)] == values
    assert landed.facts.encoding == encoding
    assert 0 < landed.facts.confidence["encoding"] <= 1


@pytest.mark.parametrize("between", ["||", "::", "~|~", "\t\t", ";;", "##", "$|$"])
def test_a_separator_of_several_characters_is_refused(tmp_path: Path, between: str) -> None:
    lines = [["id", "name", "x"], ["1", "Ann", "2"], ["2", "Bob", "3"]]
    with pytest.raises(Unreadable) as found:
        read(tmp_path, "".join(between.join(line) + "\n" for line in lines))
    assert found.value.code == "delimiter_unsupported"


@pytest.mark.parametrize("text", ["# nothing\n# today\n", ",,,\n,,,\n", '"",""\n', "\ufeff\n \t\n"])
def test_a_file_without_a_word_is_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable) as found:
        read(tmp_path, text)
    assert found.value.code == "empty"


def test_quotes_that_pair_up_over_rows_take_none_away(tmp_path: Path) -> None:
    """Where the beginning of a file says nothing of it, too."""
    lines = [f"{n},plain,{n}" for n in range(9_000)]
    lines[5_000], lines[8_000] = '5000,"half,1', '8000,",2'
    landed = read(tmp_path, "id,t,n\n" + "\n".join(lines) + "\n")
    assert landed.rows == 9_000
    assert [row["t"] for row in rows(landed) if row["t"] != "plain"] == ['"half', '"']
    assert landed.facts.confidence["delimiter"] < 0.9


def test_what_comes_late_is_seen_all_the_same(tmp_path: Path) -> None:
    """A remark and a header on a later page, long after the lines by which the file was judged."""
    lines = [f"{n},plain,{n}" for n in range(9_000)]
    lines.insert(8_000, "id,t,n")
    landed = read(tmp_path, "id,t,n\n" + "\n".join(lines) + "\n")
    assert (types(landed)["id"], landed.rows) == ("integer", 9_000)
    assert [row["reason"] for row in aside(landed)] == ["repeated_header"]
    lines.insert(8_500, "# page 2")
    landed = read(tmp_path, "id,t,n\n" + "\n".join(lines) + "\n")
    assert (types(landed)["id"], landed.rows, balanced(landed)) == ("integer", 9_000, True)


def test_blanks_that_do_not_break_stand_within_numbers(tmp_path: Path) -> None:
    landed = read(tmp_path, "k;v\na;69\xa0685,19\nb;60\xa0201,81\n".encode("cp1252"))
    assert landed.facts.encoding == "cp1252"
    assert table(landed) == [("a", 69685.19), ("b", 60201.81)]


def test_what_is_told_is_not_found_out(tmp_path: Path) -> None:
    landed = read(tmp_path, "a;b\nx;y\n1,5;2\n", delimiter=",", header=False, preamble=2)
    assert table(landed) == [(1, "5;2")]
    assert (landed.facts.preamble, landed.facts.confidence["preamble"]) == (2, 1.0)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab1,;\"'#\n ", max_size=5), min_size=1, max_size=4).map(",".join), min_size=1, max_size=12
    )
)
def test_whatever_the_lines_are_none_is_lost(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """Each record is a row, set aside, skipped and counted, or the file is refused with a sentence."""
    folder = tmp_path_factory.mktemp("lines")
    try:
        landed = read(folder, "\n".join(lines) + "\n")
    except Unreadable:
        return
    assert balanced(landed)
