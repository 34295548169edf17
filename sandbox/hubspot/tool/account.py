"""A HubSpot account made of a schema file and a seed file, served from this process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.hubspot import choices, errors, faults
from sandbox.hubspot.limits import TIERS
from sandbox.hubspot.links import LinkType
from sandbox.hubspot.rows import IMPORTED
from sandbox.hubspot.rules import Rule
from sandbox.hubspot.seed import SeedLink
from sandbox.hubspot.server import HubSpotServer, Listening, utc_now
from sandbox.hubspot.store import Store
from sandbox.hubspot.tool import problems, schema, seeds
from sandbox.hubspot.tool.problems import Unusable
from sandbox.hubspot.tool.schema import Label, Schema
from sandbox.hubspot.tool.seeds import Tie

MADE_OF, DATABASE, LOCK = "made-of.json", "hubspot.sqlite3", "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What an account is made of; without a schema, of HubSpot's own object types."""

    schema: Path | None = None
    seed: Path | None = None

    def read_schema(self) -> Schema:
        """Raises Unusable with every fault."""
        if self.schema is None:
            return schema.plain()
        return schema.read(*problems.read_toml(self.schema))

    def fill(self, store: Store, made: Schema) -> None:
        """Put labels and seed into an empty store. Raises Unusable with every fault."""
        for label in made.labels:
            _define(store, label)
        if self.seed is None:
            return
        body, report = problems.read_json(self.seed)
        at = datetime.fromtimestamp(store.now_ms() / 1_000, UTC)
        found = seeds.read(body, report, store.catalog, made.labels, at)
        plain = [SeedLink(t.from_type, str(t.from_id), t.to_type, str(t.to_id)) for t in found.ties]
        store.load(found.objects, plain)
        for tie in found.ties:
            if tie.label is not None:
                _label(store, tie)

    def check(self) -> dict[str, int]:
        """How many objects of each type the files make. Raises Unusable with every fault."""
        made = self.read_schema()
        with tempfile.TemporaryDirectory(prefix="hubspot-sandbox-") as scratch:
            store = Store(Path(scratch) / DATABASE, made.portal, now=utc_now)
            try:
                self.fill(store, made)
                return {kind.type.plural: store.count(kind) for kind in store.catalog.kinds()}
            finally:
                store.close()

    def digest(self) -> dict[str, str]:
        """What tells these files from others."""
        named = {"schema": self.schema, "seed": self.seed}
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
            for name, path in named.items()
        }


class Account:
    """A HubSpot account: its `url` and `token` are all that a client needs.

    Without `state` everything is forgotten at the end. `options` are those of /_sandbox/options.
    """

    def __init__(
        self,
        schema: str | Path | None = None,
        seed: str | Path | None = None,
        *,
        state: Path | None = None,
        fresh: bool = False,
        listening: Listening | None = None,
        token: str | None = None,
        now: Callable[[], datetime] = utc_now,
        **options: Any,
    ) -> None:
        self._files = Files(
            schema=None if schema is None else Path(schema),
            seed=None if seed is None else Path(seed),
        )
        self._schema = self._files.read_schema()
        self._keeps = state
        self._scratch: Path | None = None
        self._fresh = fresh
        self._listening = listening or Listening()
        self._now = now
        self._options = {"tier": self._schema.tier, **options}
        self._server: HubSpotServer | None = None
        self._lock: int | None = None
        self.token = token or self._schema.token
        self.url = ""

    def start(self) -> Self:
        """Serve the account; returns itself once it answers.

        Raises:
            Unusable: the seed, the state folder, an option or the certificate is no good.
            OSError: the port is taken, or the host is not this machine's.
        """
        try:
            self._alone()
            server = self._made()
            self._server = server
            if server.store.is_empty():
                self._files.fill(server.store, self._schema)
            self._state().joinpath(MADE_OF).write_text(json.dumps(self._files.digest()))
            self._obey(server)
            choices.change(server.app, self._options)
            self.url = server.start()
        except errors.ApiError as refusal:
            self.stop()
            raise Unusable([f"options: {refusal}"]) from None
        except ssl.SSLError as error:
            self.stop()
            raise Unusable([f"certificate and key do not fit: {error}"]) from None
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Answer what is under way, then end."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def reset(self) -> None:
        """Begin again with the seed, under the same URL and token."""
        port = self.server.port
        self.stop()
        listening, fresh = self._listening, self._fresh
        self._listening, self._fresh = listening.at(port), True
        try:
            self.start()
        finally:
            self._listening, self._fresh = listening, fresh

    @property
    def server(self) -> HubSpotServer:
        """The server under it. Raises RuntimeError when the account was not started."""
        if self._server is None:
            raise RuntimeError("this account was not started: call start(), or use it by `with`")
        return self._server

    def set_faults(self, *wanted: Mapping[str, Any]) -> None:
        """What goes wrong from now on; without any, nothing. Raises Unusable."""
        try:
            self.server.app.faults[:] = faults.read([dict(one) for one in wanted])
        except errors.ApiError as refusal:
            raise Unusable([f"faults: {refusal}"]) from None

    def set_options(self, **wanted: Any) -> dict[str, Any]:
        """Change options, as PUT /_sandbox/options does; returns all. Raises Unusable."""
        try:
            return choices.change(self.server.app, wanted)
        except errors.ApiError as refusal:
            raise Unusable([f"options: {refusal}"]) from None

    def stats(self) -> dict[str, Any]:
        """What was asked so far, as GET /_sandbox/stats tells it."""
        return self.server.app.stats.show()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _obey(self, server: HubSpotServer) -> None:
        catalog = server.store.catalog
        server.app.desk.rules.all[:] = [
            Rule(
                type_id=catalog.named(r.type).type.id,
                require=r.require,
                when=r.when,
                values=r.values,
            )
            for r in self._schema.rules
        ]

    def _state(self) -> Path:
        if self._keeps is not None:
            return self._keeps
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="hubspot-sandbox-"))
        return self._scratch

    def _alone(self) -> None:
        """Hold the state folder until the end; a process that dies lets go of it."""
        state = self._state()
        state.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(state / LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = "another sandbox runs on this folder; end it, or name another with --state"
            raise Unusable([f"{state}: {text}"]) from None

    def _made(self) -> HubSpotServer:
        state = self._state()
        known = state / MADE_OF
        if self._fresh or not known.exists():  # also what was cut short while it was filled
            known.unlink(missing_ok=True)
            for path in state.glob(f"{DATABASE}*"):
                path.unlink()
        elif json.loads(known.read_text()) != self._files.digest():
            text = f"{state}: holds an account made of another schema or seed; begin again with"
            raise Unusable([f"{text} --fresh, which deletes it, or name another folder"])
        rolling, daily = TIERS[self._schema.tier]
        return HubSpotServer(
            state,
            token=self.token,
            scopes=self._schema.scopes,
            portal=self._schema.portal,
            rate_limit=rolling,
            daily_limit=daily,
            now=self._now,
            listening=self._listening,
        )


def _define(store: Store, label: Label) -> LinkType:
    kind, to = store.catalog.named(label.from_type), store.catalog.named(label.to_type)
    store.links.default(kind, to)  # the plain one comes first
    return store.links.define(
        kind, to, name=label.name, label=label.label, inverse_label=label.inverse
    )


def _label(store: Store, tie: Tie) -> None:
    kind, to = store.catalog.named(tie.from_type), store.catalog.named(tie.to_type)
    found = next(t for t in store.links.types(kind, to) if t.label == tie.label)
    store.links.put(kind, to, [(tie.from_id, tie.to_id, found)], IMPORTED)
