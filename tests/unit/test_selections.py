from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.selections import BOOKINGS_MAX, BadList, from_csv, from_text

NAME = "Clinical Skills-4711-May 4, 2026"


@pytest.mark.parametrize(
    "data",
    [
        b"booking_id\n501\n502\n",
        b"Name,Record ID\nAnn,501\nBob,502\n",
        b"\xef\xbb\xbfrecord_id;name\r\n501;J\xc3\xb6rg\r\n502;x\r\n",
        "name\tid\nJörg\t501\nx\t502\n".encode("latin-1"),
        "booking_id,n\n501,ü\n502,x\n".encode("utf-16"),
        b"501\n502\n",
        b'"booking_id"\n\n"501"\n"502"\n\n',
    ],
)
def test_a_list_is_read_however_it_was_exported(data: bytes) -> None:
    assert ("501", "502") == from_csv(data).references


def test_names_and_record_ids_may_be_mixed_and_repeats_are_counted() -> None:
    found = from_text(f"501, 502 503\n{NAME}\n501\n")

    assert ("501", "502", "503", NAME) == found.references
    assert found.repeated == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"booking_id\n", "no bookings below"),
        (b"name,email\nAnn,a@b\n", "no booking column: found 'name', 'email'"),
        (b"booking_id\n501\n=1+1\n\n", "line 3: '=1+1'"),
        (b"name,booking_id\nAnn\n", "line 2: no booking"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x00\x01\x02\x03\x04", "not a text file"),
        (b"booking_id\n" + b"5\n" * (BOOKINGS_MAX + 1), "at most 20,000"),
    ],
)
def test_a_list_that_cannot_be_used_says_where_and_how_to_mend_it(data: bytes, told: str) -> None:
    with pytest.raises(BadList) as caught:
        from_csv(data)

    assert told in str(caught.value)


def test_all_faults_of_a_list_are_told_at_once_and_long_ones_are_cut() -> None:
    with pytest.raises(BadList) as caught:
        from_text("\n".join(f"bad{n}" for n in range(25)))

    assert len(caught.value.faults) == 11
    assert "15 more" in caught.value.faults[-1]


@given(st.binary(max_size=200))
def test_no_file_ever_causes_anything_but_a_list_or_its_faults(data: bytes) -> None:
    with suppress(BadList):
        assert from_csv(data).references
