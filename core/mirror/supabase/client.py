"""The mirror over supabase-py, with the service key. One object may be used by many threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx

from core.credits.errors import GatewayError, NotSent, OutcomeUnknown, Refused, Store
from core.credits.records import ContactId, Kind
from core.credits.redact import unquoted
from core.credits.sessions import Counts
from core.credits.texts import is_storable
from core.mirror.names import MirrorNames
from core.mirror.port import (
    SETUP,
    Candidate,
    CopyResult,
    Deleted,
    DeleteResult,
    Exposure,
    MirrorRow,
    Renamed,
    RenameResult,
)
from core.mirror.rows import CONTACT_OF, ID, SOURCE_TIME, TABLES
from core.mirror.supabase import lookup, setup, wire

if TYPE_CHECKING:
    from supabase import Client

T = TypeVar("T")

TIMEOUT_S = 5.0
#: The function takes 1,000; half of it keeps one call well within the statement timeout.
COPY_MAX = 500
#: Ids go in the address, which proxies limit to 8 KB or so: so many of HubSpot's, and fewer of
#: whatever else somebody has put into a row.
READ_MAX = 200
ADDRESS_MAX = 6000
#: For how long what the tables ask for is believed: somebody may change a table meanwhile.
REQUIRED_HOLDS_S = 60.0

#: Failures after which no byte of the request can have reached Supabase.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
MAYBE_SENT = (
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.RemoteProtocolError,
)
#: How a kept connection shows that the other side has closed it meanwhile.
HUNG_UP = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@dataclass(slots=True, kw_only=True)
class Supabase:
    """``Mirror`` over one Supabase project. Connects at the first call, not when made."""

    url: str
    service_key: str = field(repr=False)
    #: What each table must have, for ``faults``.
    columns: Mapping[Kind, Collection[str]]
    #: The schema in which the tables and our functions are.
    schema: str = "public"
    #: What the tables call our columns.
    names: MirrorNames = field(default_factory=MirrorNames)
    #: An invented row of each kind, which ``faults`` has copied, deleted and rolled back.
    probes: Mapping[Kind, MirrorRow] = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S
    #: Tests put a transport of their own here.
    transport: httpx.BaseTransport | None = None
    monotonic: Callable[[], float] = time.monotonic
    #: What a contact must have, and when that was asked.
    _required: tuple[frozenset[str], float] | None = field(default=None, init=False, repr=False)
    _client: Client | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def copy(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, CopyResult]:
        """See ``Mirror.copy``. Takes any number of rows."""
        results: dict[str, CopyResult] = {}
        for start in range(0, len(rows), COPY_MAX):
            part = rows[start : start + COPY_MAX]
            answer = self.call("credit_desk_copy", {"kind": kind.value, "rows": part})
            with translated():
                results |= wire.copy_results(answer, [str(row[ID]) for row in part])
        return results

    def rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, MirrorRow]:
        """See ``Mirror.rows``."""
        found: dict[str, MirrorRow] = {}
        for part in addressable([id_ for id_ in ids if is_storable(id_)]):
            for row in self._select(kind, part):
                found[str(row[ID])] = self.names.read(kind, row)
        return found

    def page(self, kind: Kind, after: str = "", limit: int = 1000) -> list[MirrorRow]:
        """See ``Mirror.page``. Hosted projects cut answers at 1,000 rows."""

        def read(client: Client) -> Any:
            query = client.table(TABLES[kind]).select("*").gt(ID, after)
            return query.order(ID).limit(limit).execute().data

        return [self.names.read(kind, row) for row in self._read(read)]

    def unrefunded(self, after: str = "", limit: int = 1000) -> list[str]:
        """See ``Mirror.unrefunded``."""
        return lookup.ids(self.call(lookup.UNREFUNDED, {"after": after, "most": limit}))

    def candidates(self, text: str, *, limit: int) -> list[Candidate]:
        """See ``MirrorLookUp.candidates``."""
        answer = self.call(lookup.FIND, lookup.find_params(text, limit))
        return lookup.candidates(answer, self.names)

    def bookings_held(self, contact_id: ContactId) -> list[MirrorRow]:
        """See ``MirrorLookUp.bookings_held``."""
        if not is_storable(contact_id):
            return []

        def read(client: Client) -> Any:
            query = client.table(TABLES[Kind.BOOKING]).select("*")
            column = self.names.column(Kind.BOOKING, CONTACT_OF)
            return query.eq(column, contact_id).order(ID).execute().data

        return [self.names.read(Kind.BOOKING, row) for row in self._read(read)]

    def sessions(
        self, since: date | None, until: date | None, tokens: Collection[str], *, limit: int
    ) -> list[tuple[MirrorRow, Counts]]:
        """See ``MirrorLookUp.sessions``."""
        params = lookup.sessions_params(since, until, tokens, limit)
        return lookup.sessions(self.call(lookup.SESSIONS, params), self.names)

    def delete(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, DeleteResult]:
        """See ``Mirror.delete``. Takes any number of rows."""
        results: dict[str, DeleteResult] = {}
        for start in range(0, len(rows), COPY_MAX):
            results |= self._delete(kind, rows[start : start + COPY_MAX])
        return results

    def _delete(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, DeleteResult]:
        """One call; where the database refuses it, fewer rows, to find the one that it keeps."""
        given = {"kind": kind.value, "rows": wire.versions(rows)}
        try:
            answer = self.call("credit_desk_delete", given)
            with translated():
                return wire.delete_results(answer, rows)
        except Refused as error:
            if not wire.is_of_a_row(error):
                raise
            if len(rows) == 1:
                refused = DeleteResult(deleted=Deleted.REFUSED, reason=str(error))
                return {str(rows[0][ID]): refused}
        middle = len(rows) // 2
        return self._delete(kind, rows[:middle]) | self._delete(kind, rows[middle:])

    def rename(self, kind: Kind, old: str, new: str) -> RenameResult:
        """See ``Mirror.rename``."""

        def change(client: Client) -> Any:
            return client.table(TABLES[kind]).update({ID: new}).eq(ID, old).execute().data

        try:
            changed = self._read(change)
        except Refused as error:
            if not wire.is_of_a_row(error):
                raise
            if wire.is_taken(error):
                return RenameResult(renamed=Renamed.TAKEN)
            return RenameResult(renamed=Renamed.REFUSED, reason=str(error))
        return RenameResult(renamed=Renamed.RENAMED if changed else Renamed.MISSING)

    def backdate(self, kind: Kind, rows: Sequence[MirrorRow], to: Mapping[str, str]) -> set[str]:
        """See ``Mirror.backdate``. A request for each row: there are few."""
        return {str(row[ID]) for row in rows if self._backdated(kind, row, to[str(row[ID])])}

    def _backdated(self, kind: Kind, row: MirrorRow, to: str) -> bool:
        def change(client: Client) -> Any:
            query = client.table(TABLES[kind]).update({SOURCE_TIME: to}).eq(ID, str(row[ID]))
            return query.eq(SOURCE_TIME, str(row[SOURCE_TIME])).execute().data

        return bool(self._read(change))

    def required(self, kind: Kind) -> frozenset[str]:
        """See ``Mirror.required``. Asked again after ``REQUIRED_HOLDS_S``."""
        if kind is not Kind.CONTACT:
            return frozenset()
        now = self.monotonic()
        if self._required is not None and now - self._required[1] < REQUIRED_HOLDS_S:
            return self._required[0]
        answer = self.call("credit_desk_schema", {})
        with translated():
            found = setup.required(answer)
        self._required = found, now
        return found

    def key_warnings(self) -> list[str]:
        """What about the key works now and will not, with how to mend it; for ``doctor``."""
        return setup.legacy_key(self.service_key)

    def table_warnings(self) -> list[str]:
        """What the tables would show that HubSpot does not say; for ``doctor``.

        Raises:
            GatewayError: Supabase does not answer, or its functions are of another version.
        """
        schema = self.call("credit_desk_schema", {})
        with translated():
            return setup.default_warnings(schema, self.columns, self.names)

    def faults(self) -> list[str]:
        """See ``Mirror.faults``."""
        given = setup.given_faults(self.url, self.service_key)
        if given:
            return given
        try:
            schema = self.call("credit_desk_schema", {})
        except GatewayError as error:
            return [setup.mend(error)]
        wrong = setup.schema_faults(schema, self.columns, self.names)
        return wrong or list(self._probe_faults())

    def exposures(self) -> list[Exposure]:
        """See ``Mirror.exposures``."""
        answer = self.call("credit_desk_exposure", {})
        with translated():
            return [Exposure(**row) for row in answer]

    def _probe_faults(self) -> Iterator[str]:
        """Whether a copy and a deletion really work, by one of each that is rolled back."""
        if not self.probes:
            return
        rows = {kind.value: row for kind, row in self.probes.items()}
        try:
            said = self.call("credit_desk_probe", {"given": rows})
        except GatewayError as error:
            yield f"a copy cannot be tried: {setup.mend(error)}"
        else:
            if said != setup.WORKS:
                yield f"a copy or a deletion does not work: the database says {said}"

    def close(self) -> None:
        """Let go of the connections. A later call makes new ones."""
        with self._lock:
            if self._client is not None:
                self._client.postgrest.session.close()
                self._client = None

    def call(self, function: str, params: Mapping[str, Any]) -> Any:
        """What one of our functions answers. Raises ``GatewayError``."""
        return self._call(lambda client: client.rpc(function, dict(params)).execute().data)

    def _select(self, kind: Kind, ids: list[str]) -> list[dict[str, object]]:
        def read(client: Client) -> Any:
            return client.table(TABLES[kind]).select("*").in_(ID, ids).execute().data

        return self._read(read)

    def _read(self, ask: Callable[[Client], Any]) -> list[dict[str, object]]:
        found = self._call(ask)
        with translated():
            if not isinstance(found, list):
                raise OutcomeUnknown("Supabase's answer is not a list of rows")
        return found

    def _call(self, ask: Callable[[Client], T]) -> T:
        """Everything asked for here may be asked twice, so a connection found dead is no news."""
        with translated():
            client = self._connected()
        try:
            with translated():
                return ask(client)
        except OutcomeUnknown as error:
            if not isinstance(error.__cause__, HUNG_UP):
                raise
        with translated():
            return ask(client)

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Client:
        # Only who copies pays for this import: it takes a third of a second.
        from supabase import Client, ClientOptions  # noqa: PLC0415

        http = httpx.Client(
            # HTTP/2, supabase-py's default, would queue all threads on one connection's lock.
            http2=False,
            timeout=self.timeout_s,
            transport=self.transport,
            limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=60),
            verify=not self.url.startswith("http:"),  # loading certificates for nothing
            event_hooks={"response": [self._check]},
        )
        options = ClientOptions(
            httpx_client=http,
            # Its own retries sleep up to half a minute, and only for reads. Ours are above.
            postgrest_client_retry=False,
            auto_refresh_token=False,
            persist_session=False,
            schema=self.schema,
        )
        client = Client(self.url, self.service_key, options)
        _ = client.postgrest  # made at first use, which two threads could be at once
        return client

    def _check(self, response: httpx.Response) -> None:
        """Here, for supabase-py's own error keeps neither status nor headers."""
        if not response.is_success:
            response.read()
            told = unquoted(response.text, self.service_key)
            raise wire.failure(response.status_code, told, response.headers.get("retry-after"))


def load() -> None:
    """Load supabase-py, for whoever asks Supabase soon and waits for others."""
    import supabase  # noqa: F401, PLC0415


@contextmanager
def translated() -> Iterator[None]:
    """Failures of httpx and supabase-py become ours, here only; each says whose it is."""
    try:
        with _as_ours():
            yield
    except GatewayError as error:
        error.store = Store.SUPABASE
        raise


@contextmanager
def _as_ours() -> Iterator[None]:
    from supabase import PostgrestAPIError, SupabaseException  # noqa: PLC0415

    try:
        yield
    except NEVER_SENT as error:
        raise NotSent(f"Supabase cannot be reached: {_why(error)}") from error
    except httpx.RequestError as error:  # MAYBE_SENT, and answers that cannot be read
        raise OutcomeUnknown(f"Supabase did not answer: {_why(error)}") from error
    except PostgrestAPIError as error:
        raise OutcomeUnknown("Supabase's answer is not JSON") from error
    except (SupabaseException, httpx.InvalidURL) as error:
        raise Refused(f"the Supabase address or key is unfit: {error}", category=SETUP) from error


def addressable(ids: Sequence[str]) -> Iterator[list[str]]:
    """Parts of these ids that fit into an address each."""
    part: list[str] = []
    room = ADDRESS_MAX
    for id_ in ids:
        taken = len(quote(id_, safe="")) + 5  # "%2C" and, around what is no number, two quotes
        if part and (len(part) == READ_MAX or taken > room):
            yield part
            part, room = [], ADDRESS_MAX
        part.append(id_)
        room -= taken
    if part:
        yield part


def _why(error: Exception) -> str:
    """Httpx quotes a header that it cannot send, and that may be the key."""
    said = "" if isinstance(error, httpx.LocalProtocolError) else str(error).rstrip(".")
    return said or type(error).__name__
