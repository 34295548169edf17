"""Lists of bookings: rows in = rows accounted for, and nothing is guessed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.credits.csv_safe import Table, escaped, unescaped
from core.credits.errors import BadList
from core.credits.records import BookingId
from core.operations.booking_rules import names_for
from core.operations.choosing.selections import (
    FAULTS_TOLD,
    from_csv,
    from_text,
    ranges,
)
from core.operations.plans import Row
from core.operations.states import Item, ItemState
from core.operations.verdicts import OperationKind, Verdict, Why
from pages.shared import tables
from tests.csv_files import csv_bytes

NAME = "Clinical Skills-4711-May 4, 2026"
A, B = "8812034411", "8812034412"


def faults(read: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(BadList) as caught:
        read()
    return caught.value.faults


@pytest.mark.parametrize(
    "data",
    [
        b"booking_id\n501\n502\n",
        b"Name,Record ID\nAnn,501\nBob,502\n",
        b"\xef\xbb\xbfrecord_id;name\r\n501;J\xc3\xb6rg\r\n502;x\r\n",
        "name\tid\nJörg\t501\nx\t502\n".encode("latin-1"),
        "booking_id,n\n501,ü\n502,x\n".encode("utf-16"),
        "booking_id,n\n501,ü\n502,x\n".encode("utf-16-le"),
        "booking_id,n\n501,ü\n502,x\n".encode("utf-16-be"),
        "booking_id\t n\r\n501\tü\r\n502\tx\r\n".encode("utf-32"),
        b"501\n502\n",
        b'"booking_id"\n\n"501"\n"502"\n\n',
        b"sep=;\r\nname;Record ID\r\nAnn;501\r\nBob;502\r\n",
        b'"sep=,"\r\nRecord ID,note\r\n501,"a;b;c;d"\r\n502,x\r\n',
        b'"Exam, date, place";"Record ID"\r\n"CS, May 4, X";501\r\n"CS";502\r\n',
        b"name|record id\nAnn|501\nBob|502\n",
        b"record_id\r501\r502\r",
        b'Record ID,Note\r\n501,"line one\r\nline two, 3"\r\n502,"12, Main St\nX"\r\n',
        b"Record ID,Name,,\n501,Ann,,\n502,Bob,,\n,,,\n",
    ],
)
def test_a_list_is_read_however_it_was_exported(data: bytes) -> None:
    assert ("501", "502") == from_csv(data).references


@pytest.mark.parametrize(
    "header",
    [
        "Record ID",
        "Datensatz-ID",
        "ID d'enregistrement",
        "ID de l\u2019enregistrement",
        "ID de registro",
        "ID do registro",
        "ID record",
        "Record-id",
        "レコードID",
        " RECORD ID ",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("by", [",", ";", "\t"])
def test_hubspot_s_own_export_is_read_in_the_language_of_its_account(
    header: str, encoding: str, by: str
) -> None:
    text = f'"{header}"{by}"Prénom"{by}"Notes"\r\n"{A}"{by}"Zoë"{by}"a ""b""{by}\r\nc"\r\n'

    assert (A,) == from_csv(text.encode(encoding)).references


@pytest.mark.parametrize("name", names_for("Clinical Skills", "4711", date(2026, 5, 4)))
def test_names_that_the_desk_gives_to_bookings_are_read(name: str) -> None:
    assert (name,) == from_text(name).references
    assert (name,) == from_csv(f'booking_id\n"{name}"\n'.encode()).references
    assert (name,) == from_csv(f"booking_id\n{name}\n".encode()).references, "a comma of its own"


def test_names_and_record_ids_may_be_mixed_and_repeats_are_counted() -> None:
    found = from_text(f"501, 502 503\n{NAME}\n501\n")

    assert ("501", "502", "503", NAME) == found.references
    assert (1, (3,), 5) == (found.repeated, found.again, found.rows)
    assert (1, 1, 1, 2) == found.lines


@pytest.mark.parametrize(
    ("cell", "reference"),
    [
        ("'8812034411", A),
        ('="8812034411"', A),
        ("8812034411.0", A),
        ("8812034411,00", A),
        ("8.812034411E+9", A),
        ("8,812034411e+09", A),
        ("8,812,034,411", A),
        ("8.812.034.411", A),
        ("8 812 034 411", A),
        ("8\u00a0812\u202f034\u00a0411", A),
        ("8'812'034'411", A),
        ("8,812,034,411.00", A),
        ("8.812.034.411,0", A),
        ("\u00a08812034411\u200b", A),
        ("٨٨١٢٠٣٤٤١١", A),
        ("\uff108812034411", A),
        (f"'{NAME}", NAME),
        (f'="{NAME}"', NAME),
        (NAME.replace(" ", "\u00a0"), NAME),
    ],
)
def test_damage_of_a_spreadsheet_is_taken_back_where_that_is_certain(
    cell: str, reference: str
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["booking_id", "n"], [cell, "1"]])

    assert (reference,) == from_csv(out.getvalue().encode()).references


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("2.2E+10", "a spreadsheet shortened this number; format the column as text"),
        ("2,2E+10", "a spreadsheet shortened this number; format the column as text"),
        ("8.81203E+09", "a spreadsheet shortened this number"),
        ("8.8120344115E+9", "a spreadsheet shortened this number"),
        ("1234567890123450", "a spreadsheet may have set its last digits to 0"),
        ("8812034411.5", "has decimals, and a record id is a whole number"),
        ("8,812", "has one thousands separator or decimal point"),
        ("8.812", "has one thousands separator or decimal point"),
        ("123456789012345678901", "has 21 digits"),
        ("########", "is a column that was too narrow"),
        ("#REF!", "is an error of the spreadsheet"),
        ("-8812034411", "is neither a HubSpot record id nor a booking_id"),
        ("ann@example.test", "is neither a HubSpot record id nor a booking_id"),
    ],
)
def test_what_a_spreadsheet_lost_is_told_with_the_line_and_the_cause(cell: str, why: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["booking_id", "n"], [A, "1"], [cell, "1"], [B, "1"]])

    (told,) = faults(lambda: from_csv(out.getvalue().encode()))

    between = ": " if why.startswith("a ") else " "
    assert told.startswith(f"line 3: {cell!r}{between}{why}")


@pytest.mark.parametrize("line", ["8,812,034,411", "8 812 034 411", "501,502"])
def test_pasted_line_that_may_be_one_number_or_several_is_refused(line: str) -> None:
    (told,) = faults(lambda: from_text(f"{A}\n{line}\n"))

    assert f"line 2: {line!r} may be one number with thousands separators" in told


def test_pasted_table_is_read_as_a_table() -> None:
    assert (A, B) == from_text(f"name\tRecord ID\nAnn\t{A}\nBob\t{B}\n").references


def test_name_is_taken_where_the_record_id_beside_it_was_damaged() -> None:
    found = from_csv(f'record_id,booking_id\n2.2E+10,"{NAME}"\n{B},"{NAME} (2)"\n'.encode())

    assert (NAME, B) == found.references


def test_row_with_two_record_ids_that_differ_is_refused() -> None:
    (told,) = faults(lambda: from_csv(f"Record ID,Record ID\n{A},{A}\n{A},{B}\n".encode()))

    assert told.startswith(f"line 3: names several records: {A}, {B}")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"booking_id\n", "no bookings below"),
        (b"name,email\nAnn,a@b\n", "no booking column: found 'name', 'email'"),
        (b"booking_id\n501\n=1+1\n\n", "line 3: '=1+1'"),
        (b"name,booking_id\nAnn\n", "line 2: no booking"),
        (b"record_id,name\n501,Ann, Bob\n", "line 2: has 3 cells, and the header 2"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x00\x01\x02\x03\x04", "not a text file"),
        (b"booking_id\nPr\xfcfung-4711-May 4, 2026\n", "save the file as UTF-8"),
    ],
)
def test_a_list_that_cannot_be_used_says_where_and_how_to_mend_it(data: bytes, told: str) -> None:
    assert any(told in fault for fault in faults(lambda: from_csv(data)))


def test_all_faults_of_a_list_are_told_at_once_and_long_ones_by_their_lines() -> None:
    told = faults(lambda: from_text("\n".join(f"bad{n}" for n in range(25))))

    assert FAULTS_TOLD + 1 == len(told)
    assert "and 15 more lines like these: 11-25" == told[-1]


def test_unclosed_quote_is_told_with_its_line_and_swallows_nothing() -> None:
    body = "".join(f"{A[:-2]}{n:02},name {n}\n" for n in range(40))
    data = f'record_id,name\n{A},"Ann\n{body}'.encode()

    (told,) = faults(lambda: from_csv(data))

    assert "line 2: a quote is opened and never closed; close or remove it" == told


def test_faults_behind_an_unclosed_quote_are_told_too() -> None:
    data = f'record_id,name\n{A},"Ann\n2.2E+10,Bob\n{B},"Cy\n'.encode()

    assert ["line 2:", "line 3:", "line 4:"] == [f[:7] for f in faults(lambda: from_csv(data))]


@pytest.mark.parametrize(
    "data",
    [
        f'record_id,name\n{A},"Ann\n{B},Bob"\n7712034413,Cy\n',
        f'name,record_id\n"Ann,{A}\nBob",{B}\n',
        f'booking_id,name\n"{NAME}","Ann\n{NAME} (2),Bob"\n',
    ],
)
def test_quote_that_another_row_happens_to_close_swallows_nothing(data: str) -> None:
    (told,) = faults(lambda: from_csv(data.encode()))

    assert "one cell holds 2 lines that look like rows" in told


def test_ranges_of_lines() -> None:
    assert "" == ranges([])
    assert "3, 7-9, 11" == ranges([9, 3, 7, 8, 11, 8])


IDS = st.integers(10**9, 10**12).map(str).filter(lambda id_: len(id_.rstrip("0")) > 1)
NAMES = st.builds(
    "{}-{}-May {}, 2026".format,
    st.sampled_from(["Mini-mock", "CS"]),
    st.integers(1, 9),
    st.integers(1, 28),
)
REFERENCES = st.one_of(IDS, NAMES)
GOOD = st.tuples(REFERENCES, st.just(False))
BAD = st.tuples(st.sampled_from(["2.2E+10", "ann", "#N/A", "1.5", "8,812", ""]), st.just(True))
PROSE = st.text(st.sampled_from("ab'é, ;\t|\n\""), max_size=12)


@given(
    rows=st.lists(st.one_of(GOOD, GOOD, BAD), min_size=1, max_size=30),
    by=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    end=st.sampled_from(["\n", "\r\n"]),
    announced=st.booleans(),
    data=st.data(),
)
def test_rows_of_any_file_are_bookings_repeats_or_faults_with_their_lines(
    rows: list[tuple[str, bool]],
    by: str,
    encoding: str,
    end: str,
    announced: bool,
    data: st.DataObject,
) -> None:
    out = io.StringIO(newline="")
    out.write(f"sep={by}{end}" if announced else "")
    writer = csv.writer(out, delimiter=by, lineterminator=end)
    writer.writerow(["Name", "Record ID", "Note"])
    where = []
    for cell, _ in rows:
        where.append(len(list(io.StringIO(out.getvalue(), newline=""))) + 1)
        writer.writerow(["Zoë", cell, data.draw(PROSE)])
    bad = [line for line, (_, wrong) in zip(where, rows, strict=True) if wrong]
    written = out.getvalue().encode(encoding)

    if bad:
        told = faults(lambda: from_csv(written))
        shown = [int(fault.split(":")[0].removeprefix("line ")) for fault in told[:FAULTS_TOLD]]
        assert bad[:FAULTS_TOLD] == shown
        assert len(bad) <= FAULTS_TOLD or f"and {len(bad) - FAULTS_TOLD} more" in told[-1]
        return
    found = from_csv(written)
    assert len(rows) == found.rows
    assert tuple(dict.fromkeys(cell for cell, _ in rows)) == found.references
    assert sorted(where) == sorted([*found.lines, *found.again])


@given(
    rows=st.lists(IDS, min_size=3, max_size=30, unique=True),
    at=st.integers(0, 29),
    column=st.sampled_from([0, 1]),
)
def test_no_quote_ever_swallows_a_row_unseen(rows: list[str], at: int, column: int) -> None:
    lines = [[id_, f"name {id_}"] for id_ in rows]
    lines[at % len(rows)][column] = f'"{lines[at % len(rows)][column]}'
    data = "record_id,name\n" + "".join(f"{','.join(line)}\n" for line in lines)

    told = faults(lambda: from_csv(data.encode()))

    assert any(fault.startswith(f"line {at % len(rows) + 2}:") for fault in told)


@given(st.lists(REFERENCES, min_size=1, max_size=20))
def test_pasted_lines_are_all_accounted_for(lines: list[str]) -> None:
    found = from_text("\n".join(lines))

    assert len(lines) == found.rows
    assert tuple(dict.fromkeys(lines)) == found.references


@given(st.text(st.sampled_from("'=+-@ab\t;|\n \""), max_size=8))
def test_cell_made_harmless_for_a_spreadsheet_reads_back_as_it_was(text: str) -> None:
    assert text == unescaped(escaped(text))


@given(st.text(st.sampled_from("'=+-@ab\t;|\n \"\uff1d"), max_size=8), st.sampled_from(",;\t|"))
def test_no_cell_is_a_formula_wherever_a_spreadsheet_parts_the_line(text: str, at: str) -> None:
    """A spreadsheet of another country parts at semicolons, and knows no quotes of ours."""
    data = csv_bytes(Table(("a", "b"), [{"a": 7, "b": text}])).decode("utf-8-sig")

    parted = [
        cell for row in csv.reader(io.StringIO(data, newline=""), delimiter=at) for cell in row
    ]
    by_hand = re.split(r"[;\t|\r\n]", data) if at != "," else parted

    for cell in [*parted, *by_hand]:
        assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "\uff1d")), (data, cell)


TEXTS = st.text(max_size=8).filter(lambda text: "\x00" not in text)


@given(
    ids=st.lists(IDS, min_size=1, max_size=12, unique=True),
    names=st.lists(TEXTS, min_size=1, max_size=12),
    kind=st.sampled_from([OperationKind.CANCEL, OperationKind.REFUND]),
)
def test_every_csv_that_the_desk_writes_of_bookings_can_be_uploaded_again(
    ids: list[str], names: list[str], kind: OperationKind
) -> None:
    told = [names[n % len(names)] for n in range(len(ids))]
    rows = [
        Row(
            booking_id=BookingId(id_),
            verdict=Verdict.BLOCKED,
            why=Why.NOT_FOUND,
            detail=name,
            booking_name=name,
            contact_name=name,
        )
        for id_, name in zip(ids, told, strict=True)
    ]
    items = [
        Item(
            operation_id="op",
            booking_id=BookingId(id_),
            n=n,
            state=ItemState.BLOCKED,
            why=name,
            booking_name=name,
            contact_name=name,
        )
        for n, (id_, name) in enumerate(zip(ids, told, strict=True))
    ]

    for data in (
        csv_bytes(tables.plan_table(rows, kind)),
        csv_bytes(tables.item_table(items, kind)),
    ):
        found = from_csv(data)
        assert tuple(ids) == found.references
        assert len(ids) == found.rows


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=9))
def test_csv_has_a_line_for_each_row(rows: list[tuple[str, str]]) -> None:
    data = csv_bytes(Table(("a", "b"), [{"a": a, "b": b} for a, b in rows])).decode("utf-8-sig")

    read = list(csv.reader(io.StringIO(data, newline=""), strict=True))

    assert len(rows) + 1 == len(read)
    assert rows == [(unescaped(a), unescaped(b)) for a, b in read[1:]]


@given(st.binary(max_size=200))
def test_no_file_ever_causes_anything_but_a_list_or_its_faults(data: bytes) -> None:
    with suppress(BadList):
        assert from_csv(data).references


@given(st.text(max_size=200))
def test_no_text_ever_causes_anything_but_a_list_or_its_faults(text: str) -> None:
    assume(text.strip())
    with suppress(BadList):
        assert from_text(text).references
