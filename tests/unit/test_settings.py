"""Settings: where they come from, what is wrong with them, and what they never show."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.app.wiring import given_names
from core.credits.account import OBJECT_TYPES
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.sweeps import SweepMode
from core.hubspot.ports.channels import NO_TELLING, Channel, TellBy
from core.operations.approval_rules import NO_SECOND
from core.settings import load
from core.settings.faults import BadSettings
from core.settings.model import Settings

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {
    "HUBSPOT_TOKEN": "pat-na1-planted",
    "SUPABASE_URL": "https://school.supabase.test",
    "SUPABASE_SERVICE_ROLE_KEY": "service-planted",
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [field.alias for field in Settings.model_fields.values() if field.alias]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def faults(root: Path) -> dict[str, str]:
    with pytest.raises(BadSettings) as caught:
        load(root)
    return {fault.name: str(fault) for fault in caught.value.faults}


def test_everything_missing_is_named_at_once_with_how_to_mend_it(tmp_path: Path) -> None:
    told = faults(tmp_path)

    assert set(REQUIRED) == set(told)
    assert "is missing. Make a service key" in told["HUBSPOT_TOKEN"]


@pytest.mark.usefixtures("required")
def test_sweeps_have_schedules_of_their_own_zone_and_can_be_turned_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    usual = load(tmp_path).sweep_schedules
    monkeypatch.setenv("CREDIT_DESK_SWEEP_SCHEDULE", "off")
    monkeypatch.setenv("CREDIT_DESK_FULL_SWEEP_SCHEDULE", " 30 1 * * 0 ")
    monkeypatch.setenv("CREDIT_DESK_TIME_ZONE", "America/Toronto")
    ours = load(tmp_path).sweep_schedules

    assert noon + timedelta(hours=2) == usual[SweepMode.KNOWN].next(noon)
    assert noon + timedelta(hours=15) == usual[SweepMode.FULL].next(noon)
    assert {SweepMode.FULL} == ours.keys()
    assert datetime(2026, 7, 5, 5, 30, tzinfo=UTC) == ours[SweepMode.FULL].next(noon)


@pytest.mark.usefixtures("required")
def test_a_schedule_or_zone_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DESK_SWEEP_SCHEDULE", "hourly")
    monkeypatch.setenv("CREDIT_DESK_FULL_SWEEP_SCHEDULE", "99 * * * *")
    monkeypatch.setenv("CREDIT_DESK_TIME_ZONE", "Mars/Olympus")

    told = faults(tmp_path)

    assert "Set five fields as in crontab" in told["CREDIT_DESK_SWEEP_SCHEDULE"]
    assert "Bad minute" in told["CREDIT_DESK_FULL_SWEEP_SCHEDULE"]
    assert 'Set a name such as "America/Toronto"' in told["CREDIT_DESK_TIME_ZONE"]


@pytest.mark.usefixtures("required")
def test_the_demo_is_of_this_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load(tmp_path).demo
    monkeypatch.setenv("CREDIT_DESK_DEMO", "true")
    both = "not on this machine: HUBSPOT_BASE_URL, SUPABASE_URL"
    assert both in faults(tmp_path)["CREDIT_DESK_DEMO"]

    monkeypatch.setenv("HUBSPOT_BASE_URL", "http://127.0.0.1:8471")
    told = faults(tmp_path)["CREDIT_DESK_DEMO"]
    assert "not on this machine: SUPABASE_URL" in told
    assert "remove the .streamlit/secrets.toml that `make run` wrote" in told
    monkeypatch.setenv("SUPABASE_URL", "http://localhost:8472")

    assert load(tmp_path).demo


@pytest.mark.usefixtures("required")
def test_what_has_a_default_need_not_be_set(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert "https://api.hubapi.com" == settings.hubspot_base_url
    assert "2026-09" == settings.hubspot_api_version
    assert (10, 20, 16) == (settings.hold_s, settings.typed_count_above, settings.concurrency)
    assert settings.ops_database_url.get_secret_value().startswith("sqlite:///.state/")
    assert settings.portal.catalogue == SCHOOL


@pytest.mark.usefixtures("required")
def test_a_store_in_a_file_is_the_same_from_whichever_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = load(tmp_path).store_url.get_secret_value()
    monkeypatch.setenv("OPS_DATABASE_URL", "sqlite:////var/lib/credit-desk/desk.sqlite")
    whole = load(tmp_path).store_url.get_secret_value()
    monkeypatch.setenv("OPS_DATABASE_URL", "postgresql://desk:pw@db.test/desk?sslmode=require")
    server = load(tmp_path).store_url.get_secret_value()

    assert f"sqlite:///{tmp_path}/.state/credit-desk.sqlite" == default
    assert "sqlite:////var/lib/credit-desk/desk.sqlite" == whole
    assert "postgresql://desk:pw@db.test/desk?sslmode=require" == server


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize(
    ("url", "said"),
    [("sqlite:///", "names no file"), ("sqlite:///:memory:", "forgotten when the process ends")],
)
def test_a_store_that_would_keep_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("OPS_DATABASE_URL", url)

    assert said in faults(tmp_path)["OPS_DATABASE_URL"]


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize(
    "url",
    [
        "https://desk.test/path",
        "https://desk.test/?a=b",
        "https://desk.test/#x",
        "https://ann@desk.test",
        "https://:443",
        "https://[desk.test",
        "desk.test",
    ],
)
def test_a_public_address_is_a_scheme_and_a_host_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CREDIT_DESK_PUBLIC_URL", url)

    told = faults(tmp_path)["CREDIT_DESK_PUBLIC_URL"]
    assert "Give the desk a host name of its own, such as https://desk.example.org" in told


@pytest.mark.usefixtures("required")
def test_a_slash_behind_the_public_host_is_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DESK_PUBLIC_URL", "https://desk.test:8443/")

    assert "https://desk.test:8443" == load(tmp_path).public_url


@pytest.mark.usefixtures("required")
def test_extra_hosts_are_names_and_ip_addresses_with_or_without_a_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DESK_EXTRA_HOSTS", "10.0.0.7, Desk.Internal.:8501,[fd00::7],,a_b")

    hosts = ("10.0.0.7", "desk.internal.:8501", "[fd00::7]", "a_b")
    assert hosts == load(tmp_path).extra_hosts


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("host", ["*", "*.test", "https://x.test", "x.test/y", "fd00::7", "a b"])
def test_an_extra_host_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("CREDIT_DESK_EXTRA_HOSTS", host)

    assert "Set names or IP addresses" in faults(tmp_path)["CREDIT_DESK_EXTRA_HOSTS"]


@pytest.mark.usefixtures("required")
def test_the_environment_wins_over_secrets_and_secrets_over_the_portal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit/secrets.toml").write_text(
        'CREDIT_DESK_HOLD_S = 2\nCREDIT_DESK_CONCURRENCY = 2\n[auth]\ncookie_secret = "x"\n'
    )
    (tmp_path / "portal.toml").write_text(
        "CREDIT_DESK_HOLD_S = 3\nCREDIT_DESK_CONCURRENCY = 3\nCREDIT_DESK_TYPED_COUNT_ABOVE = 3\n"
    )
    monkeypatch.setenv("CREDIT_DESK_HOLD_S", "1")

    settings = load(tmp_path)

    assert (1, 2, 3) == (settings.hold_s, settings.concurrency, settings.typed_count_above)


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize(("set_to", "limit"), [("", None), ("off", None), ("0", 0), (" 50 ", 50)])
def test_no_number_asks_no_second_admin_and_0_always_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_to: str, limit: int | None
) -> None:
    assert NO_SECOND == load(tmp_path).second_admin
    monkeypatch.setenv("CREDIT_DESK_SECOND_ADMIN_ABOVE_BOOKINGS", set_to)
    monkeypatch.setenv("CREDIT_DESK_SECOND_ADMIN_ABOVE_CREDITS", set_to)

    second = load(tmp_path).second_admin

    assert (limit, limit) == (second.above_bookings, second.above_credits)


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("wrong", ["-1", "1.5", "many", "true"])
def test_a_wrong_number_for_the_second_admin_is_no_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("CREDIT_DESK_SECOND_ADMIN_ABOVE_BOOKINGS", wrong)

    with pytest.raises(BadSettings, match="CREDIT_DESK_SECOND_ADMIN_ABOVE_BOOKINGS"):
        load(tmp_path)


@pytest.mark.usefixtures("required")
def test_admins_are_parted_by_commas_or_listed_and_their_case_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portal.toml").write_text('CREDIT_DESK_ADMINS = ["Ann@School.test"]')
    assert ("ann@school.test",) == load(tmp_path).admins

    monkeypatch.setenv("CREDIT_DESK_ADMINS", "Bea@School.test, cy@school.test,")
    assert ("bea@school.test", "cy@school.test") == load(tmp_path).admins


@pytest.mark.usefixtures("required")
def test_domains_and_providers_are_listed_and_none_means_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert () == load(tmp_path).allowed_domains == load(tmp_path).unverified_providers

    monkeypatch.setenv("CREDIT_DESK_ALLOWED_DOMAINS", " @School.test, sub.school.test,,")
    monkeypatch.setenv("CREDIT_DESK_UNVERIFIED_PROVIDERS", "microsoft, default")

    assert ("school.test", "sub.school.test") == load(tmp_path).allowed_domains
    assert ("microsoft", "default") == load(tmp_path).unverified_providers


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("domains", ["*.school.test", "a@school.test", "school", "school.test/"])
def test_what_is_no_domain_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domains: str
) -> None:
    monkeypatch.setenv("CREDIT_DESK_ALLOWED_DOMAINS", domains)

    assert "is not a domain. Set domains such as" in faults(tmp_path)["CREDIT_DESK_ALLOWED_DOMAINS"]


@pytest.mark.usefixtures("required")
def test_domains_are_bound_to_providers_and_a_new_admin_to_a_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ({}, False) == (load(tmp_path).providers_of, load(tmp_path).second_admin.for_admins)

    bound = "School.test = google, school.test=backup,other.test=microsoft,odd.test=a=b"
    monkeypatch.setenv("CREDIT_DESK_DOMAIN_PROVIDERS", bound)
    monkeypatch.setenv("CREDIT_DESK_SECOND_ADMIN_FOR_ADMINS", "true")

    known = {
        "school.test": ("google", "backup"),
        "other.test": ("microsoft",),
        "odd.test": ("a=b",),
    }
    assert known == load(tmp_path).providers_of
    assert load(tmp_path).second_admin.for_admins


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("pairs", ["school.test", "school.test=", "=google", "school=google"])
def test_what_binds_no_domain_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: str
) -> None:
    monkeypatch.setenv("CREDIT_DESK_DOMAIN_PROVIDERS", pairs)

    assert "example.org=google" in faults(tmp_path)["CREDIT_DESK_DOMAIN_PROVIDERS"]


@pytest.mark.usefixtures("required")
def test_an_admin_who_could_never_sign_in_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DESK_ALLOWED_DOMAINS", "school.test")
    monkeypatch.setenv("CREDIT_DESK_ADMINS", "ann@school.test,bea@elsewhere.test")

    assert "Name the domain there" in faults(tmp_path)["CREDIT_DESK_ADMINS"]


@pytest.mark.usefixtures("required")
def test_all_that_is_wrong_is_told_and_no_secret_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN", "  ")
    monkeypatch.setenv("HUBSPOT_API_VERSION", "2026")
    monkeypatch.setenv("OPS_DATABASE_URL", "mysql://desk:planted@db/x")
    monkeypatch.setenv("CREDIT_DESK_ADMINS", "planted-name")
    monkeypatch.setenv("CREDIT_DESK_RATE_SHARE", "2")
    monkeypatch.setenv("SUPABASE_URL", "school.supabase.test")

    told = faults(tmp_path)

    assert {
        "HUBSPOT_TOKEN",
        "HUBSPOT_API_VERSION",
        "OPS_DATABASE_URL",
        "CREDIT_DESK_ADMINS",
        "CREDIT_DESK_RATE_SHARE",
        "SUPABASE_URL",
    } == set(told)
    assert "planted" not in "".join(told.values())


@pytest.mark.usefixtures("required")
def test_the_quiet_period_outlasts_the_life_of_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DESK_REQUEST_TIMEOUT_S", "50")

    assert "Set more than 60" in faults(tmp_path)["CREDIT_DESK_QUIET_PERIOD_S"]


@pytest.mark.usefixtures("required")
def test_no_secret_is_in_the_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPS_DATABASE_URL", "CREDIT_DESK_NOTIFY_URLS"):
        monkeypatch.setenv(name, "postgresql://desk:planted@db/desk")

    settings = load(tmp_path)

    assert "planted" not in f"{settings!r} {settings}"
    assert "pat-na1-planted" == settings.hubspot_token.get_secret_value()


@pytest.mark.usefixtures("required")
def test_a_portal_names_its_own_objects_properties_and_credits(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text(
        '[objects]\nbookings = "2-7"\n'
        '[properties.contacts]\nstudent_id = "member_no"\nlessons = "lessons_left"\n'
        '[[credits]]\nkey = "lessons"\ntoken = "Lesson"\nlabel = "Lessons"\nmock_type = "Tennis"\n'
    )

    portal = load(tmp_path).portal

    assert ("2-7", OBJECT_TYPES[Kind.EXAM]) == (portal.types[Kind.BOOKING], portal.types[Kind.EXAM])
    assert "member_no" == portal.names(Kind.CONTACT)["student_id"]
    assert "lessons_left" == portal.names(Kind.CONTACT)["lessons"]
    assert ("lessons",) == portal.catalogue.keys


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize(
    ("portal", "name", "said"),
    [
        ('[properties.contacts]\nemial = "x"', "portal.toml", "contacts have no emial"),
        ('[columns.bookings]\nstudent = "x"', "portal.toml", "names no column of ours: student"),
        ("[columns.bookings]\nis_active = 3", "columns.bookings.is_active.str", "is wrong"),
        ('[properties.contacts]\nemail = "phone"', "portal.toml", "two properties of contacts"),
        ("[objects]\nrooms = '2-9'", "objects.rooms", "Extra inputs"),
        ("[[credits]]\nkey = 'a'", "credits.0.token", "is missing"),
        ("[names.users]\nann = 'Ann'", "names.users.ann.[key]", "pattern"),
        ("[names.apps]\n'1' = ''", "names.apps.1", "at least 1 character"),
        ("x = ", "portal.toml", "is not TOML"),
    ],
)
def test_a_portal_that_cannot_be_is_named(
    tmp_path: Path, portal: str, name: str, said: str
) -> None:
    (tmp_path / "portal.toml").write_text(portal)

    assert said in faults(tmp_path)[name]


@pytest.mark.usefixtures("required")
def test_people_and_apps_of_hubspot_are_named_and_the_desk_by_its_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_APP_ID", "77")
    (tmp_path / "portal.toml").write_text(
        '[names.users]\n"7" = "Ann Lee"\n[names.apps]\n"5678" = "Booking site"\n'
    )

    given = given_names(load(tmp_path))

    assert {"7": "Ann Lee"} == given.users
    assert {"77": "Credit Desk", "5678": "Booking site"} == given.apps


@pytest.mark.usefixtures("required")
def test_a_school_names_the_schema_and_columns_of_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portal.toml").write_text(
        'SUPABASE_SCHEMA = "hubspot_sync"\n[columns.bookings]\n'
        'contact_hubspot_id = "associated_contact_id"\n'
        'is_active = ["is_active", "booking_status"]\n'
    )

    settings = load(tmp_path)

    assert settings.supabase_schema == "hubspot_sync"
    assert settings.mirror_names.column(Kind.BOOKING, "contact_hubspot_id") == (
        "associated_contact_id"
    )
    assert settings.mirror_names.renamed[Kind.BOOKING]["is_active"] == (
        "is_active",
        "booking_status",
    )


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize(
    "name", ["", "a b", "pg_catalog", "information_schema", "x" * 64, 'a"; --']
)
def test_a_schema_that_cannot_be_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SUPABASE_SCHEMA", name)

    assert "schema" in faults(tmp_path)["SUPABASE_SCHEMA"]


@pytest.mark.usefixtures("required")
def test_the_portal_that_comes_with_the_project_says_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text((ROOT / "portal.toml").read_text())

    shipped = load(tmp_path).portal

    assert SCHOOL == shipped.catalogue
    assert dict(OBJECT_TYPES) == shipped.types


@pytest.mark.usefixtures("required")
def test_a_variable_of_somebody_else_is_not_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("objects", "theirs")
    monkeypatch.setenv("credits", "theirs")

    assert load(tmp_path).portal.catalogue == SCHOOL


def test_a_broken_secrets_file_is_named_without_its_words(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit/secrets.toml").write_text("HUBSPOT_TOKEN = planted")

    told = faults(tmp_path)

    assert "is not TOML" in told["secrets.toml"]
    assert "planted" not in told["secrets.toml"]


def test_importing_settings_loads_no_library() -> None:
    code = "import core.settings, sys; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "False" == done.stdout.strip()


@pytest.mark.usefixtures("required")
def test_students_are_told_nothing_unless_the_settings_say_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NO_TELLING == load(tmp_path).tell_by

    monkeypatch.setenv("CREDIT_DESK_TELL", "single-send")
    monkeypatch.setenv("CREDIT_DESK_TELL_EMAIL_ID", "190000001")
    assert TellBy(channel=Channel.SINGLE_SEND, email_id=190000001) == load(tmp_path).tell_by


@pytest.mark.usefixtures("required")
def test_a_way_to_tell_students_that_cannot_work_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DESK_TELL", "single-send")
    told = faults(tmp_path)
    assert "is not set, and CREDIT_DESK_TELL is single-send" in told["CREDIT_DESK_TELL_EMAIL_ID"]

    monkeypatch.setenv("CREDIT_DESK_TELL", "pigeon")
    monkeypatch.setenv("CREDIT_DESK_TELL_EMAIL_ID", "x")
    told = faults(tmp_path)
    assert {"CREDIT_DESK_TELL", "CREDIT_DESK_TELL_EMAIL_ID"} == set(told)
    assert 'Set "off", "properties" or "single-send"' in told["CREDIT_DESK_TELL"]
