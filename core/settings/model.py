"""The settings as a checked model. Import it through ``core.settings``."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.access.pacing import Limits
from core.credits.account import Portal
from core.credits.catalogue import DayRule
from core.credits.writes import QUIET_PERIOD, SEND_WITHIN_S
from core.drift.sweeps import SweepMode
from core.hubspot.ports.channels import Channel, TellBy
from core.mirror.names import MirrorNames
from core.operations.approval_rules import SecondAdmin
from core.settings.cron import OFF, Cron
from core.settings.faults import BadSettings, SettingFault
from core.settings.portal import (
    Columns,
    CreditRow,
    NameTables,
    Objects,
    Properties,
    Values,
    make_names,
    make_portal,
)
from core.settings.values import (
    Address,
    CronText,
    DatabaseUrl,
    DomainProviders,
    Domains,
    HeadPlace,
    Hosts,
    Mails,
    Names,
    OptionalAddress,
    OptionalCount,
    OptionalToken,
    PublicAddress,
    SchemaName,
    Secret,
    Secrets,
    ZoneName,
    is_local,
    whole_path,
)
from core.work.schedules import Schedule

SECRETS_FILE = Path(".streamlit") / "secrets.toml"
PORTAL_FILE = Path("portal.toml")
STATE_DATABASE = "sqlite:///.state/credit-desk.sqlite"


class Settings(BaseSettings):
    """Each field's alias is its name in the environment and at the top of the two files."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, case_sensitive=True, validate_default=True
    )
    #: The folder that holds the two files; set for the time of one ``read``.
    _root: ClassVar[Path] = Path()
    _portal: Portal = PrivateAttr(default_factory=Portal)
    _names: MirrorNames = PrivateAttr(default_factory=MirrorNames)
    _store_url: SecretStr = PrivateAttr(default=SecretStr(""))

    hubspot_token: Secret = Field(
        alias="HUBSPOT_TOKEN",
        description="Make a service key or an app in HubSpot and set its token here",
    )
    hubspot_base_url: Address = Field("https://api.hubapi.com", alias="HUBSPOT_BASE_URL")
    hubspot_api_version: str = Field(
        "2026-09",
        alias="HUBSPOT_API_VERSION",
        pattern=r"^(v3|20\d\d-(03|09))$",
        description='Set "2026-09", another date version of HubSpot, or "v3"',
    )
    supabase_url: Address = Field(
        alias="SUPABASE_URL",
        description="Copy the project URL from Supabase (Project Settings, Data API)",
    )
    supabase_service_role_key: Secret = Field(
        alias="SUPABASE_SERVICE_ROLE_KEY",
        description="Copy a secret key, sb_secret_..., from Supabase (Project Settings, API Keys)",
    )
    #: The schema of the mirror's tables, and of the desk's functions beside them.
    supabase_schema: SchemaName = Field(
        "public",
        alias="SUPABASE_SCHEMA",
        description="Set the schema that holds the tables, such as public or hubspot_sync",
    )
    ops_database_url: DatabaseUrl = Field(SecretStr(STATE_DATABASE), alias="OPS_DATABASE_URL")

    #: Whether this is the demo of the local stack, which shows what to try first.
    demo: bool = Field(False, alias="CREDIT_DESK_DEMO")

    #: E-mails that are admins from the first start on, in small letters.
    admins: Mails = Field((), alias="CREDIT_DESK_ADMINS")
    #: Only addresses of these domains may be here; none: any.
    allowed_domains: Domains = Field(
        (),
        alias="CREDIT_DESK_ALLOWED_DOMAINS",
        description="Set domains such as example.org, parted by commas, or nothing for any",
    )
    #: Providers that never say whether an address was verified, and are trusted all the same.
    unverified_providers: Names = Field((), alias="CREDIT_DESK_UNVERIFIED_PROVIDERS")
    #: Domains whose addresses only these providers vouch for, as example.org=google.
    domain_providers: DomainProviders = Field(
        (),
        alias="CREDIT_DESK_DOMAIN_PROVIDERS",
        description="Set pairs such as example.org=google, separated by commas, or nothing",
    )
    #: For how long the operational store keeps names and e-mails of students; 0: for ever.
    keep_personal_days: int = Field(400, alias="CREDIT_DESK_KEEP_PERSONAL_DAYS", ge=0, le=36_500)
    #: For how long a confirmed operation can be called off.
    hold_s: float = Field(10, alias="CREDIT_DESK_HOLD_S", ge=0)
    #: More bookings than this: the person types their number to confirm.
    typed_count_above: int = Field(20, alias="CREDIT_DESK_TYPED_COUNT_ABOVE", ge=0)

    #: More bookings or credits than this in one batch: a second admin approves it. 0: always.
    second_above_bookings: OptionalCount = Field(
        None, alias="CREDIT_DESK_SECOND_ADMIN_ABOVE_BOOKINGS"
    )
    second_above_credits: OptionalCount = Field(
        None, alias="CREDIT_DESK_SECOND_ADMIN_ABOVE_CREDITS"
    )
    #: More credits than this by one adjustment of balances, or for one student in it.
    second_above_adjusted: OptionalCount = Field(
        None, alias="CREDIT_DESK_SECOND_ADMIN_ABOVE_ADJUSTED"
    )
    second_above_adjusted_of_one: OptionalCount = Field(
        None, alias="CREDIT_DESK_SECOND_ADMIN_ABOVE_ADJUSTED_OF_ONE"
    )
    #: Whether a second admin must approve that somebody becomes an admin.
    second_for_admins: bool = Field(False, alias="CREDIT_DESK_SECOND_ADMIN_FOR_ADMINS")
    #: For how long a request for a second admin waits before it is called off.
    second_within_h: float = Field(24, alias="CREDIT_DESK_SECOND_ADMIN_WITHIN_H", gt=0, le=24 * 90)

    #: Whether a credit that another writer certainly erased is given again without asking.
    correct_losses: bool = Field(True, alias="CREDIT_DESK_CORRECT_LOSSES")
    #: Whether older copies that another app wrote over newer ones are mended after each sweep.
    mend_older_copies: bool = Field(True, alias="CREDIT_DESK_MEND_OLDER_COPIES")

    #: Whether students can be told of what was done, and by which way (docs/telling.md).
    tell: Channel = Field(
        Channel.OFF,
        alias="CREDIT_DESK_TELL",
        description='Set "off", "properties" or "single-send"',
    )
    #: Of single-send: HubSpot's id of the transactional e-mail that is the template. 0: none.
    tell_email_id: int = Field(
        0,
        alias="CREDIT_DESK_TELL_EMAIL_ID",
        ge=0,
        description="Copy the id of the saved e-mail from HubSpot (docs/telling.md)",
    )

    request_timeout_s: float = Field(30, alias="CREDIT_DESK_REQUEST_TIMEOUT_S", gt=0)
    #: How long after its sending a write is held to be still on its way.
    quiet_period_s: float = Field(
        QUIET_PERIOD.total_seconds(), alias="CREDIT_DESK_QUIET_PERIOD_S", gt=0
    )
    #: Requests to HubSpot at the same time.
    concurrency: int = Field(16, alias="CREDIT_DESK_CONCURRENCY", ge=1, le=64)
    #: The part of the account's rate limit that this app may use.
    rate_share: float = Field(1.0, alias="CREDIT_DESK_RATE_SHARE", gt=0, le=1)

    #: The desk's own app in HubSpot, as property histories name it: tells its writes from others'.
    hubspot_app_id: str = Field("", alias="HUBSPOT_APP_ID", pattern=r"^\d*$")

    #: The client secret of that app: webhooks are signed with it. Empty: none are taken.
    hubspot_client_secret: SecretStr = Field(SecretStr(""), alias="HUBSPOT_CLIENT_SECRET")
    #: How the outside world calls this app, with https://, as HubSpot signs it.
    public_url: PublicAddress = Field(
        "",
        alias="CREDIT_DESK_PUBLIC_URL",
        description="Give the desk a host name of its own, such as https://desk.example.org",
    )
    #: Other names and addresses by which probes and the platform call this app.
    extra_hosts: Hosts = Field(
        (),
        alias="CREDIT_DESK_EXTRA_HOSTS",
        description="Set names or IP addresses, separated by commas: 10.0.0.7, desk.internal:8501",
    )

    #: The sign-in without a secrets.toml: what ``[auth]`` in it would say.
    oidc_client_id: str = Field("", alias="OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr = Field(SecretStr(""), alias="OIDC_CLIENT_SECRET")
    oidc_metadata_url: OptionalAddress = Field("", alias="OIDC_METADATA_URL")
    oidc_redirect_uri: OptionalAddress = Field("", alias="OIDC_REDIRECT_URI")
    auth_cookie_secret: SecretStr = Field(SecretStr(""), alias="AUTH_COOKIE_SECRET")

    #: Where other apps are told of the desk's changes (docs/events.md). Empty: nobody is told.
    events_url: OptionalAddress = Field("", alias="CREDIT_DESK_EVENTS_URL")
    #: Signs what is sent there.
    events_secret: OptionalToken = Field(
        SecretStr(""),
        alias="CREDIT_DESK_EVENTS_SECRET",
        description="Make one with `openssl rand -hex 32` and give it to the receiver",
    )

    #: By which a monitoring system shows itself to /api/readyz and /api/metrics. Empty: no details
    #: for anybody.
    metrics_token: OptionalToken = Field(
        SecretStr(""),
        alias="CREDIT_DESK_METRICS_TOKEN",
        description="Make one with `openssl rand -hex 32`",
    )

    #: How long an answer of the students' API waits for its operation, in seconds.
    api_wait_s: float = Field(8, alias="CREDIT_DESK_API_WAIT_S", ge=0, le=60)
    #: Requests that one key of it may make in a second.
    api_rate: float = Field(20, alias="CREDIT_DESK_API_RATE", gt=0)

    #: For how many days a new key of it holds, unless its maker says otherwise.
    api_key_days: int = Field(365, alias="CREDIT_DESK_API_KEY_DAYS", ge=1, le=36_500)
    #: Bookings and cancellations that one key may confirm in a day, unless it has its own number.
    api_writes_a_day: OptionalCount = Field(500, alias="CREDIT_DESK_API_WRITES_A_DAY")
    #: More students than this whom one key acts for within ten minutes: people are told.
    api_students_alarm: OptionalCount = Field(20, alias="CREDIT_DESK_API_STUDENTS_ALARM")
    #: By which Supabase signs the sign-in of students, where it does not by keys (HS256).
    supabase_jwt_secret: OptionalToken = Field(
        SecretStr(""),
        alias="SUPABASE_JWT_SECRET",
        description="Copy the JWT secret from Supabase (Project Settings, JWT Keys)",
    )

    #: Different students that one person may open within ten minutes.
    open_limit: OptionalCount = Field(100, alias="CREDIT_DESK_OPEN_LIMIT")
    #: Students that searches may list to one person within 15 seconds.
    list_limit: OptionalCount = Field(300, alias="CREDIT_DESK_LIST_LIMIT")

    #: Students whom tables of ids may name to one person within ten minutes.
    name_limit: OptionalCount = Field(3000, alias="CREDIT_DESK_NAME_LIMIT")

    #: When sweeps are made, as cron writes it, on the clock of the time zone; "off": never.
    sweep_schedule: CronText = Field(
        "0 */2 * * *",
        alias="CREDIT_DESK_SWEEP_SCHEDULE",
        description='Set five fields as in crontab, such as "0 */2 * * *", or "off"',
    )
    full_sweep_schedule: CronText = Field(
        "0 3 * * *",
        alias="CREDIT_DESK_FULL_SWEEP_SCHEDULE",
        description='Set five fields as in crontab, such as "0 3 * * *", or "off"',
    )
    #: When exams whose scheduled activation has come are opened.
    activation_schedule: CronText = Field(
        "0 5,17 * * *",
        alias="CREDIT_DESK_ACTIVATION_SCHEDULE",
        description='Set five fields as in crontab, such as "0 5,17 * * *", or "off"',
    )
    time_zone: ZoneName = Field(
        "UTC",
        alias="CREDIT_DESK_TIME_ZONE",
        description='Set a name such as "America/Toronto" or "UTC"',
    )

    #: Whether it is in the audit who looked at which contact.
    audit_looks: bool = Field(True, alias="CREDIT_DESK_AUDIT_LOOKS")

    #: Where heads of the audit are kept: https://..., a file, or "notify". Empty: nowhere.
    audit_heads: HeadPlace = Field(
        "",
        alias="CREDIT_DESK_AUDIT_HEADS",
        description='Set an address that begins with https://, the path of a file, or "notify"',
    )
    #: Signs them, so that nobody makes one up who cannot read the settings.
    audit_heads_secret: OptionalToken = Field(
        SecretStr(""),
        alias="CREDIT_DESK_AUDIT_HEADS_SECRET",
        description="Make one with `openssl rand -hex 32` and keep it",
    )
    #: When they are sent there.
    audit_heads_schedule: CronText = Field(
        "23 * * * *",
        alias="CREDIT_DESK_AUDIT_HEADS_SCHEDULE",
        description='Set five fields as in crontab, such as "23 * * * *", or "off"',
    )

    #: Where notifications go, as apprise addresses. They hold passwords.
    notify_urls: Secrets = Field((), alias="CREDIT_DESK_NOTIFY_URLS")
    #: More records than this drifting at a sweep of all rows: people are told.
    drift_alarm_above: int = Field(20, alias="CREDIT_DESK_DRIFT_ALARM_ABOVE", ge=0)

    #: Which active booking of a day keeps a student from another of that day.
    one_exam_a_day: DayRule = Field(
        DayRule.ANY,
        alias="CREDIT_DESK_ONE_EXAM_A_DAY",
        description='Set "any type", "same type" or "off"',
    )

    objects: Objects = Field(default_factory=Objects, repr=False)
    properties: Properties = Field(default_factory=Properties, repr=False)
    values: Values = Field(default_factory=Values, repr=False)
    columns: Columns = Field(default_factory=Columns, repr=False)
    credits: list[CreditRow] = Field(default_factory=list, repr=False)
    names: NameTables = Field(default_factory=NameTables, repr=False)

    @property
    def portal(self) -> Portal:
        """What this HubSpot account calls things."""
        return self._portal

    @property
    def mirror_names(self) -> MirrorNames:
        """What the tables in Supabase call our columns."""
        return self._names

    @property
    def store_url(self) -> SecretStr:
        """``OPS_DATABASE_URL``; a file with its whole path, whoever asks from whichever folder."""
        return self._store_url

    @property
    def providers_of(self) -> dict[str, tuple[str, ...]]:
        """Each bound domain to the names of its providers."""
        found: dict[str, tuple[str, ...]] = {}
        for pair in self.domain_providers:
            domain, _, provider = pair.partition("=")
            found[domain] = (*found.get(domain, ()), provider)
        return found

    @property
    def keep_personal(self) -> timedelta | None:
        """None: for ever."""
        days = self.keep_personal_days
        return timedelta(days=days) if days else None

    def schedule(self, expression: str) -> Schedule | None:
        """One of the schedules on the clock of the time zone; None: off."""
        return None if expression == OFF else Cron(expression, ZoneInfo(self.time_zone))

    @property
    def second_admin(self) -> SecondAdmin:
        """From which size on a second admin must approve."""
        return SecondAdmin(
            above_bookings=self.second_above_bookings,
            above_credits=self.second_above_credits,
            above_adjusted=self.second_above_adjusted,
            above_adjusted_of_one=self.second_above_adjusted_of_one,
            for_admins=self.second_for_admins,
            within=timedelta(hours=self.second_within_h),
        )

    @property
    def limits(self) -> Limits:
        """How many students one person or app may reach within a time."""
        return Limits(
            opened=self.open_limit,
            listed=self.list_limit,
            named=self.name_limit,
            writes=self.api_writes_a_day,
            students=self.api_students_alarm,
        )

    @property
    def tell_by(self) -> TellBy:
        """How students can be told."""
        return TellBy(channel=self.tell, email_id=self.tell_email_id)

    @property
    def sweep_schedules(self) -> dict[SweepMode, Schedule]:
        """Those that are not off."""
        given = {
            SweepMode.KNOWN: self.schedule(self.sweep_schedule),
            SweepMode.FULL: self.schedule(self.full_sweep_schedule),
        }
        return {mode: schedule for mode, schedule in given.items() if schedule is not None}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        least = self.request_timeout_s + SEND_WITHIN_S
        if self.quiet_period_s <= least:
            raise ValueError(
                "CREDIT_DESK_QUIET_PERIOD_S",
                f"is {self.quiet_period_s:g}, and a write may be on its way for {least:g} s",
                f"Set more than {least:g}, or a shorter CREDIT_DESK_REQUEST_TIMEOUT_S",
            )
        self._admins_may_be_here()
        self._demo_is_local()
        self._events_are_signed()
        self._mail_has_a_template()
        self._store_url = whole_path(self.ops_database_url, self._root)
        try:
            self._portal = make_portal(
                self.objects, self.properties, self.values, self.credits, self.one_exam_a_day
            )
            self._names = make_names(self.columns, self._portal)
        except ValueError as error:
            raise ValueError("portal.toml", f"cannot be: {error}", "Mend that name") from error
        return self

    def _admins_may_be_here(self) -> None:
        domains = self.allowed_domains
        if domains and not all(mail.rpartition("@")[2] in domains for mail in self.admins):
            raise ValueError(
                "CREDIT_DESK_ADMINS",
                "names an admin of a domain that CREDIT_DESK_ALLOWED_DOMAINS does not name",
                "Name the domain there, or another admin",
            )

    def _demo_is_local(self) -> None:
        at = {"HUBSPOT_BASE_URL": self.hubspot_base_url, "SUPABASE_URL": self.supabase_url}
        away = [name for name, url in at.items() if not is_local(url)]
        if self.demo and away:
            raise ValueError(
                "CREDIT_DESK_DEMO",
                f"is set, and an account is not on this machine: {', '.join(away)}",
                "For the demo of `make run` unset that. For your own accounts remove the "
                ".streamlit/secrets.toml that `make run` wrote: it names the demo's HubSpot and "
                "the demo's database, too",
            )

    def _events_are_signed(self) -> None:
        if self.events_url and not self.events_secret.get_secret_value():
            raise ValueError(
                "CREDIT_DESK_EVENTS_SECRET",
                "is empty, and CREDIT_DESK_EVENTS_URL is set",
                "Make one with `openssl rand -hex 32` and give it to the receiver",
            )

    def _mail_has_a_template(self) -> None:
        if self.tell is Channel.SINGLE_SEND and not self.tell_email_id:
            raise ValueError(
                "CREDIT_DESK_TELL_EMAIL_ID",
                "is not set, and CREDIT_DESK_TELL is single-send",
                "Copy the id of the saved e-mail from HubSpot (docs/telling.md)",
            )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """First the environment, then the two files."""
        del init_settings, env_settings, dotenv_settings, file_secret_settings
        files = (cls._root / SECRETS_FILE, cls._root / PORTAL_FILE)
        return (
            _Environment(settings_cls),
            *(InitSettingsSource(settings_cls, _toml(path)) for path in files),
        )


class _Environment(EnvSettingsSource):
    """Only capital names: a variable called ``objects`` belongs to somebody else."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Nothing for a table of portal.toml."""
        return super().get_field_value(field, field_name) if field.alias else (None, "", False)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # of secrets.toml not even the line: it may be the one with the secret
        where = "" if path.name == SECRETS_FILE.name else f" ({error})"
        fault = SettingFault(
            name=path.name, problem=f"is not TOML{where}", mend=f"Mend or remove {path}"
        )
        raise BadSettings([fault]) from None


def read(root: Path) -> Settings:
    """The settings that this folder's files and the environment give."""
    Settings._root = root  # noqa: SLF001 - pydantic-settings makes its sources from the class
    try:
        return Settings()  # type: ignore[call-arg] # its sources give the arguments
    except ValidationError as error:
        raise BadSettings([_fault(told) for told in error.errors()]) from None


def _fault(told: Any) -> SettingFault:
    """In our words. pydantic's own message holds the value, which may be a secret."""
    match told:
        case {"ctx": {"error": ValueError(args=(str(name), str(problem), str(mend)))}}:
            return SettingFault(name=name, problem=problem, mend=mend)
    name = ".".join(map(str, told["loc"]))
    field = next((f for f in Settings.model_fields.values() if f.alias == told["loc"][0]), None)
    mend = (field.description if field else None) or "Mend it, or remove it to take the default"
    if told["type"] == "missing":
        return SettingFault(name=name, problem="is missing", mend=mend)
    if told["type"] == "value_error":
        return SettingFault(name=name, problem=str(told["ctx"]["error"]), mend=mend)
    return SettingFault(name=name, problem=f"is wrong: {told['msg']}", mend=mend)
