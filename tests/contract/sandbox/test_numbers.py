"""Numbers: what the API takes, and how they come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Sandbox

ONE = "/crm/v3/objects/contacts/101"


@pytest.fixture
def choosing(hubspot: Sandbox) -> Iterator[Sandbox]:
    yield hubspot
    default = {"number_text": "kept", "number_exponents": False, "number_digits": 100}
    hubspot.put("/_sandbox/options", default)


def written(hubspot: Sandbox, value: Any) -> str | None:
    answer = hubspot.http.patch(ONE, json={"properties": {"sj_credits": value}})
    if answer.status_code == 400:
        assert "INVALID_INTEGER" == answer.json()["errors"][0]["code"]
        return None
    assert 200 == answer.status_code, answer.text
    read: str = hubspot.get(ONE, properties="sj_credits")["properties"]["sj_credits"]
    assert answer.json()["properties"]["sj_credits"] == read
    return read


@pytest.mark.parametrize(
    "text", ["3", "-3", "0", "007", "3.0", "0.50", ".5", "5.", "-0", "9007199254740993", "1" * 40]
)
def test_digits_a_sign_and_a_point_are_a_number_and_come_back_as_they_were(
    hubspot: Sandbox, text: str
) -> None:
    assert text == written(hubspot, text)


@pytest.mark.parametrize(
    "text",
    ["1e3", "1E-14", "+3", "3,5", "1 000", " 3", "3 ", "1.2.3", "--3", "0x10", "NaN", "Infinity",
     "1_000", "٣", "three", ".", "-", "1" * 101, "3%", "$3"],
)  # fmt: skip
def test_anything_else_is_no_number(hubspot: Sandbox, text: str) -> None:
    assert written(hubspot, text) is None


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (3.5, "3.5"), (-2, "-2"), (2**53, str(2**53))]
)
def test_a_json_number_is_its_text(hubspot: Sandbox, value: float, text: str) -> None:
    assert text == written(hubspot, value)


def test_by_option_exponents_are_numbers(choosing: Sandbox) -> None:
    choosing.put("/_sandbox/options", {"number_exponents": True})

    assert ["1e3", "1E-14", "+3"] == [written(choosing, text) for text in ("1e3", "1E-14", "+3")]
    assert written(choosing, "1e999999999999") is None


def test_by_option_long_numbers_are_refused(choosing: Sandbox) -> None:
    choosing.put("/_sandbox/options", {"number_digits": 15})

    assert ["1" * 15, None, None] == [
        written(choosing, text) for text in ("1" * 15, "1" * 16, "0.1234567890123456")
    ]


@pytest.mark.parametrize(
    ("style", "texts"),
    [
        ("plain", ["3", "0.5", "12345678", "0.0001", "0", "-7", "12345678901234567890"]),
        ("double", ["3.0", "0.5", "1.2345678E7", "1.0E-4", "0.0", "-7.0", "1.2345678901234567E19"]),
    ],
)
def test_by_option_numbers_come_back_in_another_style(
    choosing: Sandbox, style: str, texts: list[str]
) -> None:
    choosing.put("/_sandbox/options", {"number_text": style})
    sent = ["3.0", "0.50", "12345678", "0.0001", "0", "-7.000", "12345678901234567890"]

    assert texts == [written(choosing, text) for text in sent]


def test_a_search_compares_numbers_whatever_their_style(choosing: Sandbox) -> None:
    choosing.put("/_sandbox/options", {"number_text": "double"})
    written(choosing, "12345678")
    filters = [{"propertyName": "sj_credits", "operator": "EQ", "value": "12345678"}]

    body = choosing.post("/crm/v3/objects/0-1/search", {"filterGroups": [{"filters": filters}]})

    assert ["101"] == [one["id"] for one in body["results"]]


def test_a_person_and_the_seed_may_have_left_an_exponent(hubspot: Sandbox) -> None:
    hubspot.post("/_sandbox/objects/0-1/101/edit", {"properties": {"sj_credits": "1E-14"}})

    assert "1E-14" == hubspot.get(ONE, properties="sj_credits")["properties"]["sj_credits"]
