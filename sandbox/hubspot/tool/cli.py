"""``hubspot-sandbox``: a HubSpot account on this machine, made of your schema and your data.

Results are one JSON line on stdout; everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.hubspot import errors, faults
from sandbox.hubspot.limits import TIERS
from sandbox.hubspot.server import Listening
from sandbox.hubspot.tool import problems
from sandbox.hubspot.tool.account import Account, Files
from sandbox.hubspot.tool.numbers import count, port
from sandbox.hubspot.tool.problems import Unusable
from sandbox.hubspot.webhooks import EVERYTHING, Target

#: given by an option of their own; all others by --option
COMMON = ("latency_ms", "rate_limit", "daily_limit", "search_lag_ms", "tier")


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Returns 0, or 1 after telling on stderr what is wrong and how to mend it."""
    options = _parser().parse_args(argv)
    try:
        return _check(options) if options.command == "check" else _serve(options)
    except Unusable as error:
        _say(str(error))
        _say("nothing was started" if options.command == "serve" else "not a usable account")
    except OSError as error:
        text = f"{error.strerror or error}: host {options.host}, port {options.port}"
        _say(f"cannot serve: {text}; nothing was started. Choose others with --host and --port")
    except KeyboardInterrupt:
        return 0
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hubspot-sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the account until SIGTERM or Ctrl-C")
    check = commands.add_parser("check", help="tell every fault of the files; serve nothing")
    for command in (serve, check):
        command.add_argument("--schema", type=Path, metavar="FILE.toml", help="object types")
        command.add_argument("--seed", type=Path, metavar="FILE.json", help="objects to begin with")
    _places(serve)
    _behaviour(serve)
    return parser


def _places(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="any address of this machine")
    serve.add_argument("--port", type=port, default=0, help="0, the default: any that is free")
    serve.add_argument("--cert", type=Path, metavar="FILE.pem", help="serve HTTPS: certificate")
    serve.add_argument("--key", type=Path, metavar="FILE.pem", help="serve HTTPS: private key")
    serve.add_argument(
        "--token", type=_word, help="the access token; default: pat-na1-local, or the schema's"
    )
    serve.add_argument("--state", type=Path, metavar="DIR", help="keep the data there")
    serve.add_argument("--fresh", action="store_true", help="forget what --state holds")
    serve.add_argument(
        "--open-controls",
        action="store_true",
        help="with a --host others can reach: let them call /_sandbox, which asks for no token",
    )
    serve.add_argument(
        "--until-stdin-closes", action="store_true", help="end with the program that started this"
    )


def _behaviour(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--latency-ms", type=count, help="added to every answer")
    serve.add_argument("--rate-limit", type=count, help="calls in ten seconds")
    serve.add_argument("--daily-limit", type=count, help="calls in a day")
    serve.add_argument("--search-lag-ms", type=count, help="until search finds a change")
    serve.add_argument("--tier", choices=sorted(TIERS), help="the limits of a HubSpot tier")
    serve.add_argument("--faults", metavar="JSON|FILE", help="what goes wrong, from the start on")
    serve.add_argument("--webhooks", metavar="URL", help="tell of every change there")
    serve.add_argument("--webhook-secret", default="", help="signs them; default: made up, printed")
    serve.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any of GET /_sandbox/options, as write_through_merge=false",
    )


def _word(text: str) -> str:
    if not text.isprintable() or not text or " " in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a token: give visible characters")
    return text


def _check(given: argparse.Namespace) -> int:
    files = Files(schema=given.schema, seed=given.seed)
    found = files.check()
    print(json.dumps(found))
    return 0


def _serve(given: argparse.Namespace) -> int:
    wanted = _faults(given.faults) if given.faults else []
    account = Account(
        given.schema,
        given.seed,
        state=given.state,
        fresh=given.fresh,
        listening=_listening(given),
        token=given.token,
        **_options(given),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with account:
        account.server.app.controls_open = given.open_controls or account.server.private
        account.set_faults(*wanted)
        said = {"url": account.url, "token": account.token, "pid": os.getpid()}
        said |= _subscribed(account, given)
        print(json.dumps(said), flush=True)
        _say("ready; ends with SIGTERM or Ctrl-C")
        if given.until_stdin_closes:
            threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _wait_for_end(stop: threading.Event) -> None:
    while sys.stdin.buffer.read(4_096):
        pass
    stop.set()


def _listening(given: argparse.Namespace) -> Listening:
    if (given.cert is None) != (given.key is None):
        raise Unusable(["HTTPS needs both --cert and --key"])
    for path in filter(None, (given.cert, given.key)):
        if not path.is_file():
            raise Unusable([f"{path}: no such file"])
    return Listening(host=given.host, port=given.port, cert=given.cert, key=given.key)


def _options(given: argparse.Namespace) -> dict[str, Any]:
    found = {name: getattr(given, name) for name in COMMON if getattr(given, name) is not None}
    for text in given.option:
        name, equals, value = text.partition("=")
        if not equals:
            raise Unusable([f"--option {text}: write NAME=VALUE"])
        try:
            found[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            found[name.strip()] = value  # a word needs no quotes
    return found


def _faults(text: str) -> list[Any]:
    """The list of a file or of the argument itself. Raises Unusable with every fault of it."""
    bare = text.strip()
    if bare.startswith(("[", "{")):
        value, report = problems.parse_json(bare, "--faults")
    else:
        value, report = problems.read_json(Path(text))
    entries = value if isinstance(value, list) else [value]
    for n, entry in enumerate(entries):
        try:
            faults.read([entry])
        except errors.ApiError as refusal:
            report.add((n,), str(refusal))
    report.raise_all()
    return entries


def _subscribed(account: Account, given: argparse.Namespace) -> dict[str, str]:
    if not given.webhooks:
        return {}
    secret = given.webhook_secret or secrets.token_hex(18)
    senders = account.server.app.senders
    senders.unsubscribe()
    senders.subscribe(Target(url=given.webhooks, secret=secret, subscriptions=EVERYTHING))
    return {"webhook_secret": secret}


def _say(text: str) -> None:
    print("\n".join(f"hubspot-sandbox: {line}" for line in text.splitlines()), file=sys.stderr)
