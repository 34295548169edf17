"""Students choose their names, anybody may write a reason: on no page is that more than text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.csv_safe import Table
from core.credits.records import Kind
from core.credits.roles import Grant, Role
from core.credits.typed_reasons import reason_faults
from core.operations.choosing.select import ByContact, ByExam
from core.operations.states import Item
from core.operations.verdicts import OperationKind
from pages.shared import tables, words
from pages.shared.places import (
    BATCH_CANCELLATION,
    BULK_REFUND,
    CONTACTS,
    DRIFT,
    EXAMS,
    OPERATIONS,
    PEOPLE,
    Place,
)
from tests.csv_files import csv_bytes
from tests.pages import drift_scenes, scenes
from tests.pages.conftest import Open
from tests.pages.protos import messages, texts
from tests.pages.stage import ACTOR, Stage, mirrored, signed_in

RTL = "\N{RIGHT-TO-LEFT OVERRIDE}"
#: Markdown, Streamlit's own directives, HTML, a link, a formula, a name that turns the line around.
BAD = (
    "=1+1 **b** _i_ `code` ~~s~~ :red[r] :material/bolt: $x$ <img src=x onerror=e> <i>h</i> "
    f"[l](https://evil.test) ![p](https://evil.test/p) https://evil.test www.evil.test {RTL}z"
)
#: As Markdown reads them; escaped, each has a backslash inside.
MARKDOWN = (
    "**b**",
    "`code`",
    "~~s~~",
    ":red[",
    ":material/bolt:",
    "$x$",
    "](https",
    "https://evil",
)
TAGS = ("<img", "<i>")
#: Shown as text, whatever it is: options and values of widgets, what a button sends back.
PLAIN = (
    ".options",
    "Selectbox.default",
    "Selectbox.raw_value",
    "TextInput.",
    "TextArea.",
    ".id",
    ".key",
    "form_id",
    "Arrow.columns",
    "Dataframe.columns",
    "PlotlyChart.spec",
)
FULL_WIDTH = (
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
#: As far as somebody can type it as a reason: the services refuse the rest.
TYPED = "".join(each if not reason_faults(f"a{each}a") else " " for each in BAD)
Given = Callable[[Stage], dict[str, str]]


def poison(made: Stage) -> None:
    """Every word that a person outside can choose."""
    for kind, names in (
        (Kind.CONTACT, ("firstname", "lastname", "email", "phone")),
        (Kind.BOOKING, ("booking_id", "location", "token_used", "attending_location")),
        (Kind.EXAM, ("mock_exam_name", "location")),
    ):
        for n, record in enumerate(made.crm.truth.all(kind)):
            for name in names:
                if name == "token_used" and n % 3:
                    continue
                record.properties[name] = f"{BAD} {n}" if name == "booking_id" else BAD
            record.view = None


@pytest.fixture
def hostile(made: Stage) -> Stage:
    poison(made)
    mirrored(made)
    drift_scenes.real(made)
    drift_scenes.history(made, days=2, wrong=8)
    made.journal.grant(
        Grant(email="<i>x</i>**b**@h.test", role=Role.STAFF, by=BAD, at=made.clock())
    )
    return made


def _student(made: Stage) -> str:
    booking = next(iter(made.crm.truth.all(Kind.BOOKING)))
    return str(booking.linked(Kind.CONTACT)[0].id)


def _preview(made: Stage, kind: OperationKind = OperationKind.CANCEL) -> str:
    return made.core.operation_planner.preview(kind, ByExam(ids=("71000000000",)), ACTOR).id  # type: ignore[arg-type]


def _one_preview(made: Stage) -> str:
    chosen = ByContact(ids=(_student(made),))  # type: ignore[arg-type]
    return made.core.operation_planner.preview(OperationKind.CANCEL, chosen, ACTOR).id


def _held(made: Stage) -> str:
    return made.core.operation_commands.confirm(_one_preview(made), ACTOR, reason=TYPED).id


def _ended(made: Stage) -> str:
    plan = _preview(made, OperationKind.REFUND)
    made.core.operation_commands.confirm(plan, ACTOR, reason=TYPED)
    made.carry(plan)
    return plan


def _trends(made: Stage) -> dict[str, str]:
    _ended(made)
    return {"view": "Trends", "split": "By reason"}


VIEWS: list[tuple[Place, Given]] = [
    (CONTACTS, lambda _: {}),
    (CONTACTS, lambda _: {"find": "evil"}),
    (CONTACTS, lambda _: {"find": BAD}),
    (CONTACTS, lambda _: {"id": BAD}),
    (CONTACTS, lambda made: {"id": _student(made)}),
    (EXAMS, lambda _: {}),
    (EXAMS, lambda _: {"exam": "71000000000"}),
    (EXAMS, lambda _: {"exam": BAD}),
    (BATCH_CANCELLATION, lambda _: {}),
    (BATCH_CANCELLATION, lambda made: {"plan": _preview(made)}),
    (BATCH_CANCELLATION, lambda made: {"plan": _one_preview(made)}),
    (BATCH_CANCELLATION, lambda made: {"operation": _held(made)}),
    (BULK_REFUND, lambda made: {"operation": _ended(made)}),
    (BULK_REFUND, lambda _: {"operation": BAD}),
    (OPERATIONS, lambda made: {"operation": _ended(made)}),
    (OPERATIONS, lambda made: {"operation": scenes.undecided(made)}),
    (OPERATIONS, lambda made: {"operation": scenes.written_over(made)}),
    (OPERATIONS, lambda made: {"held": _held(made)}),
    (OPERATIONS, lambda _: {"view": BAD}),
    (OPERATIONS, _trends),
    (DRIFT, lambda _: {}),
    (DRIFT, lambda made: {"record": f"contact:{_student(made)}"}),
    (DRIFT, lambda _: {"sweep": BAD, "cause": BAD, "find": BAD}),
    (PEOPLE, lambda _: {}),
]


@pytest.mark.parametrize(
    ("place", "given"), VIEWS, ids=[f"{n} {place.title}" for n, (place, _) in enumerate(VIEWS)]
)
def test_the_words_of_others_are_shown_as_they_are(
    open_page: Open, hostile: Stage, place: Place, given: Given
) -> None:
    at = open_page(place, **given(hostile))

    assert not at.exception
    assert [] == raw(at)
    assert [] == hidden(at)


def hidden(at: AppTest) -> list[str]:
    """Columns that tables send and do not show: whoever looks at the traffic sees them."""
    found = []
    for grid in at.dataframe:
        config = json.loads(grid.proto.columns or "{}")
        found += [name for name, told in config.items() if told is None or told.get("hidden")]
        if list(grid.value.index) == list(range(len(grid.value))):
            found.remove("_index")  # row numbers
    return found


@pytest.mark.parametrize("email", [BAD, f"{BAD}@h.test", "x" * 5000, "<i>x</i>@h.test"])
def test_whoever_signs_in_is_named_as_they_are(open_page: Open, hostile: Stage, email: str) -> None:
    del hostile
    assert [] == raw(open_page(OPERATIONS, who={"email": email}))
    assert [] == raw(open_page(OPERATIONS, who=signed_in(email=email, iat=None)))


def raw(at: AppTest) -> list[tuple[str, str]]:
    """Texts that the browser would read as more than text, with where they stand."""
    found = []
    for message in messages(at):
        for where, text in texts(message):
            if any(mark in f"{where}." if mark.endswith(".") else mark in where for mark in PLAIN):
                continue
            html = where.startswith("Html.") or getattr(message, "allow_html", False)
            marks = TAGS if html else (*MARKDOWN, *TAGS)
            escaped = "" if html else r"(?<!\\)"
            found += [(where, mark) for mark in marks if re.search(escaped + re.escape(mark), text)]
            found += [(where, "turned around")] * (RTL in text)
            linked = re.search(r"https?://evil|www\.evil", text.replace("\\", ""))
            found += [(where, "a link")] * (not html and linked is not None)
    return found


def test_a_page_that_forgets_would_be_found() -> None:
    def page(text: str) -> None:
        import streamlit as st

        st.markdown(text)
        st.button(text)
        st.expander(text).warning("x", title=text)

    def table() -> None:
        import pandas as pd
        import streamlit as st

        frame = pd.DataFrame({"shown": [1], "secret": [2]})
        st.dataframe(frame, column_config={"secret": None}, hide_index=True)

    at = AppTest.from_function(page, args=(BAD,), default_timeout=60).run()

    assert {"Markdown.body", "Button.label"} <= {where for where, _ in raw(at)}
    assert {"Expandable.label", "Alert.title"} <= {where for where, _ in raw(at)}
    frame = AppTest.from_function(table, default_timeout=60).run()
    assert ["secret"] == hidden(frame)
    harmless = AppTest.from_function(page, args=(words.plain(BAD),), default_timeout=60)
    assert [] == raw(harmless.run())


def test_a_spreadsheet_runs_nothing(hostile: Stage) -> None:
    plan = hostile.journal.plan(_preview(hostile))
    items = hostile.journal.items(_held(hostile))

    for table in (
        tables.plan_table(plan.rows, plan.kind),
        tables.item_table(items, OperationKind.REFUND),
    ):
        file = csv_bytes(table)
        cells = [cell for row in csv.reader(io.StringIO(file.decode("utf-8-sig"))) for cell in row]
        assert [] == [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert any(cell.startswith("'=1+1") for cell in cells)


@pytest.mark.parametrize("start", [*"=+-@\t\r\n", *FULL_WIDTH], ids=repr)
def test_each_beginning_of_a_formula_is_made_text(start: str) -> None:
    (_, row) = csv.reader(
        io.StringIO(csv_bytes(Table(["a"], [{"a": f"{start}1"}])).decode("utf-8-sig"))
    )

    assert [f"'{start}1"] == row


def test_items_keep_the_words_as_they_were(hostile: Stage) -> None:
    """Made harmless where they are shown, never changed where they are kept."""
    item: Item = hostile.journal.items(_held(hostile))[0]

    assert f"{BAD} {BAD}" == item.contact_name
