"""Finding ids: by association, by name, by search."""

from __future__ import annotations

from datetime import date

from core.credits.records import BookingId, BookingStatus, Kind
from core.hubspot.ports.crm import BookingFilter
from tests.contract.hubspot.world import World, fresh_id, utc_now


def test_bookings_of_exams_and_contacts_are_found_by_association(world: World) -> None:
    contact, exam, empty = world.contact(), world.exam(), world.exam()
    ids = [world.booking(contact=contact, exam=exam) for _ in range(3)]

    assert {contact: tuple(ids)} == world.crm.booking_ids_of(Kind.CONTACT, [contact])
    assert {exam: tuple(ids), empty: ()} == world.crm.booking_ids_of(Kind.EXAM, [exam, empty])


def test_an_exam_may_have_more_bookings_than_one_page_holds(world: World) -> None:
    exam, other = world.exam(), world.exam()
    ids = [world.booking(exam=exam) for _ in range(520)]
    world.booking(exam=other)

    found = world.crm.booking_ids_of(Kind.EXAM, [exam, other])

    assert ids == sorted(found[exam])
    assert 1 == len(found[other])


def test_bookings_are_found_by_the_contact_id_from_before_a_merge(world: World) -> None:
    primary, other, third = world.contact(), world.contact(), world.contact()
    ids = [world.booking(contact=primary), world.booking(contact=other)]
    elsewhere = world.booking(contact=third)
    world.merge(Kind.CONTACT, primary, other)

    found = world.crm.booking_ids_of(Kind.CONTACT, [other, third])

    assert ids == sorted(found[other])
    assert (elsewhere,) == found[third]


def test_bookings_are_found_by_their_unique_name(world: World) -> None:
    name = f"Clinical Skills-{fresh_id()}-May 4, 2026"
    id_ = world.booking(booking_id=name)

    assert {name: BookingId(id_), "nobody": None} == world.crm.booking_ids_named([name, "nobody"])


def test_a_search_narrows_by_everything_at_once(world: World) -> None:
    place = f"Place {fresh_id()}"
    right = world.exam(mock_type="Clinical Skills", exam_date="2026-05-04", location=place)
    wrong_day = world.exam(mock_type="Clinical Skills", exam_date="2026-06-04", location=place)
    wrong_type = world.exam(mock_type="Mini-mock", exam_date="2026-05-04", location=place)
    owed = {"is_active": "Cancelled", "token_used": "Shared Token"}
    wanted = world.booking(exam=right, **owed)
    world.booking(exam=right, **owed, token_refunded="true")
    world.booking(exam=right, is_active="Active", token_used="Shared Token")
    world.booking(exam=right, is_active="Cancelled", token_used="Clinical Skills Token")
    world.booking(exam=wrong_day, **owed)
    world.booking(exam=wrong_type, **owed)

    found = world.crm.search_bookings(
        BookingFilter(
            statuses=(BookingStatus.CANCELLED, BookingStatus.COMPLETED),
            mock_type="Clinical Skills",
            exam_date_from=date(2026, 5, 1),
            exam_date_to=date(2026, 5, 31),
            location=place,
            token="Shared Token",
            refunded=False,
        ),
        limit=10,
    )

    assert [wanted] == found


def test_a_search_goes_past_one_page_and_stops_at_its_limit(world: World) -> None:
    place = f"Place {fresh_id()}"
    exam = world.exam(location=place)
    ids = [BookingId(world.booking(exam=exam)) for _ in range(230)]

    here = BookingFilter(location=place)
    assert ids == world.crm.search_bookings(here, limit=1000)
    assert ids[:210] == world.crm.search_bookings(here, limit=210)
    assert ids == world.crm.search_bookings(here)
    assert ids[:3] == world.crm.search_bookings(here, known=ids[3:])
    assert [] == world.crm.search_bookings(here, known=ids)


def test_each_status_and_refund_mark_can_be_searched_for(world: World) -> None:
    world.options(search_lag_ms=0)
    place = f"Place {fresh_id()}"
    exam = world.exam(location=place)
    active = world.booking(exam=exam)
    cancelled = world.booking(exam=exam, is_active="Cancelled", token_refunded="true")
    odd = world.booking(exam=exam)
    world.foreign_write(Kind.BOOKING, odd, {"is_active": "Maybe"})

    def found(**narrow: object) -> list[str]:
        here = BookingFilter(location=place, **narrow)  # type: ignore[arg-type]
        return [str(id_) for id_ in world.crm.search_bookings(here, limit=9)]

    assert [active] == found(statuses=(BookingStatus.ACTIVE,))
    assert [odd] == found(statuses=(BookingStatus.UNKNOWN,))
    assert [active, odd] == found(statuses=(BookingStatus.ACTIVE, BookingStatus.UNKNOWN))
    assert [cancelled] == found(refunded=True)
    assert [active, odd] == found(refunded=False)
    assert [active, cancelled, odd] == found()


def test_bookings_that_name_the_credit_they_spent_can_be_searched_for(world: World) -> None:
    place = f"Place {fresh_id()}"
    exam = world.exam(location=place)
    spent = world.booking(exam=exam, is_active="Cancelled", token_used="Shared Token")
    world.booking(exam=exam, is_active="Cancelled")
    world.booking(
        exam=exam, is_active="Cancelled", token_used="Shared Token", token_refunded="true"
    )

    here = BookingFilter(location=place, with_token=True, refunded=False)

    assert [spent] == world.crm.search_bookings(here)


def test_exams_are_found_by_day_and_words_soonest_first(world: World) -> None:
    word = f"w{fresh_id()}"
    may = world.exam(mock_exam_name=f"{word} May", exam_date="2026-05-04", location="Rome")
    june = world.exam(mock_exam_name=f"{word} June", exam_date="2026-06-04", location="Oslo")
    april = world.exam(mock_exam_name=f"{word} April", exam_date="2026-04-04", location="Rome")

    def found(text: str, **days: date) -> list[str]:
        return [exam.id for exam in world.crm.search_exams(text=text, **days)]  # type: ignore[arg-type]

    assert [april, may, june] == found(word)
    assert [may, june] == found(word, since=date(2026, 5, 4))
    assert [april, may] == found(word, until=date(2026, 5, 4))
    assert [april, may] == found(f"{word} rome")
    assert [april] == [exam.id for exam in world.crm.search_exams(text=word, limit=1)]


def test_contacts_are_found_by_name_mail_and_student_id(world: World) -> None:
    name, number = f"n{fresh_id()}", fresh_id()
    id_ = world.contact(firstname="Ann", lastname=name, student_id=number)
    mail = world.contact(email=f"{name}@school.test")

    assert {id_, mail} == {contact.id for contact in world.crm.search_contacts(name)}
    assert [id_] == [contact.id for contact in world.crm.search_contacts(f"ann {name}")]
    assert [id_] == [contact.id for contact in world.crm.search_contacts(number)]
    assert [mail] == [contact.id for contact in world.crm.search_contacts(mail)]
    assert 1 == len(world.crm.search_contacts(name, limit=1))
    assert [] == world.crm.search_contacts("  ")


def test_calls_are_counted_by_kind(world: World) -> None:
    exam = world.exam()
    world.booking(exam=exam)
    before = world.crm.usage()

    world.crm.counted(Kind.EXAM, [exam])
    world.crm.booking_ids_of(Kind.EXAM, [exam])
    after = world.crm.usage()

    assert 2 == after["total"] - before["total"]
    assert 1 == after["read exams"] - before.get("read exams", 0)
    assert 1 == after["associations exams"] - before.get("associations exams", 0)


def test_a_sweep_finds_what_changed_since(world: World) -> None:
    world.options(search_lag_ms=0)
    changed, untouched = world.exam(), world.exam()
    since = utc_now()
    world.foreign_write(Kind.EXAM, changed, {"capacity": "31"})

    found = world.crm.changed_ids(Kind.EXAM, since)

    assert changed in found
    assert untouched not in found


def test_the_list_of_all_records_holds_each_once(world: World) -> None:
    ids = {world.contact() for _ in range(101)}
    listed, after = world.crm.listed_ids(Kind.CONTACT)
    while after:
        page, after = world.crm.listed_ids(Kind.CONTACT, after=after)
        listed += page

    assert ids <= set(listed)
    assert len(listed) == len(set(listed))


def test_the_recycling_bin_tells_what_is_archived_from_what_never_was(world: World) -> None:
    there, archived = world.contact(), world.contact()
    world.archive(Kind.CONTACT, archived)

    assert {archived} == world.crm.archived_ids(Kind.CONTACT, [there, archived, fresh_id()])


def test_contacts_are_found_by_e_mail_and_by_student_id_all_of_them(world: World) -> None:
    student, mail = fresh_id(), f"S{fresh_id()}@Example.test"
    first, second = world.contact(student_id=student), world.contact(student_id=student)
    third = world.contact(email=mail.lower())

    by_id = world.crm.contacts_named("student_id", [student, "nobody"])
    by_mail = world.crm.contacts_named("email", [mail, "nobody@example.test"])

    assert {student: {first, second}, "nobody": set()} == {k: set(v) for k, v in by_id.items()}
    assert {mail: (third,), "nobody@example.test": ()} == by_mail


def test_more_names_than_one_search_takes_are_all_found(world: World) -> None:
    students = [fresh_id() for _ in range(111)]
    ids = [world.contact(student_id=student) for student in students]

    found = world.crm.contacts_named("student_id", students)

    assert {student: (id_,) for student, id_ in zip(students, ids, strict=True)} == found
