"""The gate: the only way from a page to the core.

Streamlit can run a page without ``app.py``, so the check stands at the head of every page. Past
it there is a person whose role allows the page; otherwise the page has stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import update_wrapper
from typing import Any, Concatenate, NoReturn, ParamSpec
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from core.access.sign_ins import DEFAULT_PROVIDER, SignInEnded, stated
from core.app import wiring
from core.app.assembly.parts import Core
from core.credits.errors import JournalError, StoreFull
from core.credits.roles import ALLOWED, Actor, NotAllowed, Role
from core.credits.ways import Way, come_by
from pages.shared import places, signing_in, words
from pages.shared.access import keyboard
from pages.shared.places import Place
from pages.shared.signing_in import Provider

log = logging.getLogger(__name__)

P = ParamSpec("P")
#: More than one of each.
ROLES: Mapping[Role, str] = {Role.STAFF: "staff", Role.MANAGER: "managers", Role.ADMIN: "admins"}
#: Draws a part of a page; begins with the desk.
Drawing = Callable[Concatenate["Desk", P], None]
#: Whom ``visible`` found at the head of this run, and by which claims: for ``enter``, once, moments
#: later. Each question is a read of the store.
_FOUND: ContextVar[tuple[Mapping[str, Any], Actor] | None] = ContextVar("found", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a page works with: the services, and the person who asks."""

    core: Core
    #: As they were when the page was drawn; for looking only.
    actor: Actor
    #: The reader's own time zone, for exact times.
    zone: tzinfo
    #: The page, and what its person signed in with.
    place: Place
    claims: Mapping[str, Any]

    def acting(self) -> Actor:
        """The person with the role they have at this very moment: for everything that changes.

        Raises:
            NotAllowed: since the page was drawn they signed out, in whatever tab, their sign-in
                ended, or the role that opens the page was taken away.
        """
        come_by(Way.PAGE)
        actor = actor_of(self.core, self.claims)
        actor.require(self.place.act)
        return actor

    def again(self) -> Desk:
        """For what outlives the drawing of the page: the same with the person as of now.

        Raises:
            NotAllowed: see ``acting``.
        """
        return replace(self, actor=self.acting())

    def now(self) -> datetime:
        """The time, as the services see it."""
        return self.core.operation_commands.now()


def actor_of(core: Core, claims: Mapping[str, Any]) -> Actor:
    """Who these claims stand for at this moment.

    Raises:
        SignInEnded: the sign-in does not go on.
        NotAllowed: the person has no role.
        JournalError: it cannot be known.
    """
    core.sign_ins.require(claims)
    return core.access.signed_in(claims)


def enter(place: Place) -> Desk:
    """First statement of every page. Past it, there is a person who may be here."""
    try:
        return _entered(place)
    except JournalError as error:
        log.exception("%s was not opened", place.title)
        _away_page(error)


def _entered(place: Place) -> Desk:
    core = _core()
    come_by(Way.PAGE)
    claims = signed_in()
    if claims is None:
        _sign_in_page()
    actor = _just_found(claims)
    if actor is None:
        try:
            core.sign_ins.require(claims)
        except SignInEnded:
            _ended_page(claims)
    core.access_log.signed_in(core.access.vouched(claims), claims)
    try:
        actor = actor or core.access.signed_in(claims)
        actor.require(place.act)
    except NotAllowed as refusal:
        core.access_log.refused(refusal, core.access.vouched(claims))
        _refused_page(place, stated(claims), str(refusal), actor)
    _heading(place, actor)
    return Desk(core=core, actor=actor, zone=reader_zone(), place=place, claims=claims)


def fragment(*, run_every: str | float | None = None) -> Callable[[Drawing[P]], Drawing[P]]:
    """``st.fragment``, which asks again who is there before it draws: it outlives its page's run.

    For functions that begin with the desk; they are handed it with the person as of now. When
    they may not stay, the page is drawn anew and says why.
    """

    def asking(draw: Drawing[P]) -> Drawing[P]:
        return st.fragment(_asking(draw), run_every=run_every)

    return asking


def dialog(title: str, **how: Any) -> Callable[[Drawing[P]], Drawing[P]]:
    """``st.dialog``, which is a fragment too: see ``fragment``."""

    def asking(draw: Drawing[P]) -> Drawing[P]:
        return st.dialog(title, **how)(_asking(draw))

    return asking


def _asking(draw: Drawing[P]) -> Drawing[P]:
    def asked(desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            desk = desk.again()
        except NotAllowed:
            st.rerun(scope="app")
        draw(desk, *args, **kwargs)

    update_wrapper(asked, draw)
    return asked


def visible() -> list[Place]:
    """The pages that the navigation names: those that their gate would open for this person."""
    _FOUND.set(None)
    claims = signed_in()
    if claims is None:
        return []
    try:
        actor = actor_of(wiring.get(), claims)
    except (NotAllowed, wiring.NotServed, JournalError):
        return []  # the page itself says why
    _FOUND.set((claims, actor))
    return _open_to(actor)


def _open_to(actor: Actor) -> list[Place]:
    return [place for place in places.PLACES if place.act in ALLOWED[actor.role]]


def _just_found(claims: Mapping[str, Any]) -> Actor | None:
    """By ``visible`` in this very run; None: nobody, and whoever asks looks for themselves."""
    found = _FOUND.get()
    _FOUND.set(None)
    return found[1] if found is not None and found[0] == claims else None


def home() -> Place:
    """Where the bare address leads this person; the gate there tells who has no role.

    Whoever is not signed in signs in here: only then is it known which page is theirs.
    """
    _core()
    if signed_in() is None:
        _sign_in_page()
    return _first_of(visible())


def first_for(actor: Actor) -> Place:
    """The page to begin at, by the role of this person."""
    return _first_of(_open_to(actor))


def _first_of(mine: Sequence[Place]) -> Place:
    return next((place for place in places.HOMES if place in mine), places.HOMES[0])


def _core() -> Core:
    try:
        return wiring.get()
    except wiring.NotServed as error:
        _not_served_page(error)


def signed_in() -> Mapping[str, Any] | None:
    """The claims of whoever is signed in, None for nobody."""
    claims = st.user.to_dict()
    return claims if claims.get("is_logged_in") else None


def reader_zone() -> tzinfo:
    """The browser's time zone; UTC when it does not tell, or names none we know."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _heading(place: Place, actor: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title(place.title, anchor=False)
        with st.container(horizontal=True, gap=None, width="content"):
            keyboard.show(_open_to(actor))
            chosen = st.menu_button(
                actor.email,
                ["Sign out"],
                icon=":material/account_circle:",
                type="tertiary",
                key="person",
            )
    if chosen:
        st.logout()


def _not_served_page(error: wiring.NotServed) -> NoReturn:
    """Of ``streamlit run app.py``: the server's own log says it too."""
    log.critical("Credit Desk is not running: %s", error)
    with _card("Start Credit Desk with asgi.py"):
        st.markdown("`app.py` holds the pages alone. Nothing was started behind them. Run instead:")
        st.code(wiring.RUN, language="sh")
    st.stop()


def _away_page(error: JournalError) -> NoReturn:
    """Without what the database says: whose role is not known is told nothing of it."""
    full = isinstance(error, StoreFull)
    with _card("The desk's disk is full" if full else "The desk's database does not answer"):
        st.markdown(
            "Nobody can sign in until it has room. Free some space, or enlarge the disk."
            if full
            else "Nobody can sign in until it answers. Reload the page in a moment."
        )
        st.markdown(
            "Confirmed operations are kept, and each is carried out once. The log says what is "
            "wrong."
        )
    st.stop()


def _sign_in_page() -> NoReturn:
    with _card("Sign in to Credit Desk"):
        st.markdown(
            "Batch cancellations, refunds and the record of every credit that moved. "
            "What you did and when is kept with your name."
        )
        _sign_in_buttons("Sign in")
    st.stop()


def _sign_in_buttons(words_of_one: str) -> None:
    """One for each provider; in their place what is wrong, all of it, since none would work."""
    auth = signing_in.section()
    if auth is None:
        st.warning(
            "Add an `[auth]` section to `.streamlit/secrets.toml`.",
            title="Sign-in is not set up",
            icon=":material/key_off:",
        )
    elif faults := signing_in.faults(auth):
        st.warning(
            "\n".join(f"- {words.plain(str(fault))}" for fault in faults),
            title="Sign-in is not set up correctly",
            icon=":material/key_off:",
        )
    else:
        if told := signing_in.about(auth):
            st.markdown(words.plain(told))
        offered = signing_in.providers(auth)
        for provider in offered:
            alone = len(offered) == 1 and not provider.label
            _sign_in_button(provider, words_of_one if alone else provider.button)


def _sign_in_button(provider: Provider, told: str) -> None:
    with st.container(gap="xsmall"):
        st.button(
            words.plain(told),
            type="primary",
            icon=":material/login:",
            key=f"sign_in_{provider.name or DEFAULT_PROVIDER}",
            on_click=st.login,
            args=(provider.name,),
            width="stretch",
        )
        if provider.about:
            st.caption(words.plain(provider.about))


def _ended_page(claims: Mapping[str, Any]) -> NoReturn:
    who = words.plain(stated(claims) or "somebody")
    with _card("Your sign-in has ended"):
        st.markdown(
            f"You were signed in as {who}. What you clicked after it ended was not done. "
            "Operations in progress continue by themselves; sign in again to see them."
        )
        _sign_in_buttons("Sign in again")
    st.stop()


def _refused_page(place: Place, email: str, why: str, actor: Actor | None) -> NoReturn:
    """``actor``: who has a role, of another kind, and is led on; None: it opens no page at all."""
    with _card(f"{place.title} is not open to you"):
        who = words.plain(email or "somebody without an address")
        st.markdown(f"You are signed in as **{who}**.{_open_to_roles(place) if actor else ''}")
        st.warning(f"{words.plain(why)}.", icon=":material/lock:")
        with st.container(horizontal=True, gap="small"):
            if actor is not None:
                first = first_for(actor)
                if st.button(
                    f"Go to {first.title}", type="primary", icon=first.icon, key="lead_on"
                ):
                    st.switch_page(first.path)
            st.button("Sign out", icon=":material/logout:", on_click=st.logout)
    st.stop()


def _open_to_roles(place: Place) -> str:
    """Whose right it is: " This page is open to managers and admins."."""
    may = [ROLES[role] for role in Role if place.act in ALLOWED[role]]
    return f" This page is open to {' and '.join(may)}."


def _card(title: str) -> Any:
    """A narrow card in the middle of an otherwise empty page."""
    middle = st.container(horizontal_alignment="center")
    middle.space("large")
    card = middle.container(border=True, width=460, gap="medium")
    card.title(title, anchor=False)
    return card
