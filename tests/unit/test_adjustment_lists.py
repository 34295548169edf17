"""Lists of changes: every fault of every line, and nothing guessed."""

from __future__ import annotations

import pytest

from core.credits.adjustments import Change
from core.credits.catalogue import SCHOOL
from core.credits.errors import BadList
from core.operations.choosing.adjustment_lists import TOLD_MAX, Asked, from_csv, read, told
from tests.unit.given import CS

HEADER = "student,credit,change,reason\n"


def rows(text: str) -> list[Asked]:
    found = from_csv(text.encode())
    assert not found.faults
    return list(found.rows)


@pytest.mark.parametrize(
    "text",
    [
        "student,credit,change,reason\n100234,cs_credits,give 2,ill\n",
        "\ufeffE-mail;Credit type;Change;Reason\r\n100234;cs_credits;give 2;ill\r\n",
        "Reason\tChange\tCredit\tStudent\nill\tgive 2\tcs_credits\t100234",
        "sep=;\nstudent;credit;change;reason\n100234;cs_credits;give 2;ill",
    ],
)
def test_columns_are_found_by_their_names(text: str) -> None:
    (row,) = rows(text)

    assert ("100234", "cs_credits", "give 2", "ill") == (
        row.student,
        row.credit,
        row.change,
        row.reason,
    )
    assert row.line == (3 if text.startswith("sep") else 2)


def test_a_reason_may_be_missing_and_a_formula_was_made_text() -> None:
    (row,) = rows("student,credit,change\n1,cs_credits,'+2\n")

    assert ("+2", "") == (row.change, row.reason)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file is empty"),
        (
            b"student,credit\n1,cs_credits\n",
            "lacks the column change: begin it with a line student,credit,change",
        ),
        (b"a,b\n1,2\n", "lacks the columns student, credit, change: begin"),
        (b"student,email,credit,change\n1,2,3,4\n", "several columns of the student"),
        (HEADER.encode(), "no changes below it"),
        (b"PK\x03\x04", "an Excel workbook"),
    ],
)
def test_what_is_no_list_is_refused_with_what_it_lacks(data: bytes, fault: str) -> None:
    with pytest.raises(BadList, match=fault):
        from_csv(data)


def test_all_faults_of_all_lines_are_told_at_once() -> None:
    found = from_csv(
        (
            f"{HEADER},cs_credits,+1,\n"
            "1,gold,2,\n"
            "2,cs_credits,+1,,,extra\n"
            "8.8E+9,cs_credits,1.5,\n"
            f"3,Clinical Skills,give 1,{'x' * 301}\n"
            "4,clinical skills token,set 0,\n"
        ).encode()
    )

    good, faults = read(found.rows, SCHOOL)

    assert [("4", CS, Change(to=0))] == [(r.asked.student, r.credit, r.change) for r in good]
    lines = told([*found.faults, *faults])
    assert [2, 3, 3, 4, 5, 5, 6] == [int(line.split(":")[0].split()[1]) for line in lines]
    assert "line 2: no student" in lines[0]
    assert "'gold' is no credit type; the types are sj_credits" in lines[1]
    assert "write give 2, take 2 or set 2" in lines[2]
    assert "has 6 cells, and the header 4" in lines[3]


def test_of_very_many_faults_the_lines_are_told() -> None:
    lines = told((n, "wrong") for n in range(2, 203))

    assert TOLD_MAX + 1 == len(lines)
    assert "and 101 more faults like these: lines 102-202" == lines[-1]
