"""The sandbox as a tool: accounts made of files, what is wrong with files, the command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.hubspot.server import Listening
from sandbox.hubspot.tool import Account, Unusable, cli

SCHEMA = """
[account]
id = 4711
tier = "free"

[objects.contacts.properties]
points = "number"
level = { type = "enumeration", options = { s = "Silver", g = "Gold" } }

[objects.pets]
id = "2-7001"
required = ["name"]

[objects.pets.properties]
name = "string"
chip = { type = "string", unique = true }

[[associations]]
from = "contacts"
to = "pets"
label = "Owner"
inverse = "Owned by"
"""
DATA: dict[str, Any] = {
    "contacts": [
        {
            "id": "101",
            "properties": {"email": "ada@example.test", "points": 3, "level": "g"},
            "createdAt": "2026-01-02T03:04:05Z",
            "propertiesWithHistory": {
                "points": [
                    {"value": "3", "timestamp": "2026-02-01T00:00:00Z", "sourceType": "CRM_UI"},
                    {"value": "1", "timestamp": "2026-01-02T03:04:05Z", "sourceType": "IMPORT"},
                ]
            },
        },
        {"id": 102, "properties": {"points": "abc"}, "raw": True},
        {"id": "103", "properties": {}, "archived": True},
    ],
    "pets": [{"id": "201", "properties": {"name": "Rex", "chip": "c-1"}}],
    "associations": [{"from": "pets/201", "to": "contacts/101", "label": "Owned by"}],
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    schema, seed = tmp_path / "my-portal.toml", tmp_path / "data.json"
    schema.write_text(SCHEMA)
    seed.write_text(json.dumps(DATA, indent=1))
    return schema, seed


def client(account: Account) -> httpx.Client:
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    headers = {"Authorization": f"Bearer {account.token}"}
    return httpx.Client(base_url=account.url, headers=headers, timeout=60, verify=plain)


def faults_of(files: tuple[Path, Path], schema: str = SCHEMA, seed: object = None) -> list[str]:
    """What is wrong with these texts, without the folder that they are in."""
    files[0].write_text(schema)
    files[1].write_text(seed if isinstance(seed, str) else json.dumps(seed or {}, indent=1))
    with pytest.raises(Unusable) as told, Account(*files):
        pass
    return [text.removeprefix(f"{files[0].parent}/") for text in told.value.problems]


def test_an_account_is_what_its_files_say(files: tuple[Path, Path]) -> None:
    with Account(*files) as account, client(account) as http:
        path = "/crm/v3/objects/contacts"
        asked = {"properties": "points,level", "propertiesWithHistory": "points"}
        ada = http.get(f"{path}/101", params=asked)
        assert ("3", "g") == tuple(ada.json()["properties"][n] for n in ("points", "level"))
        assert "2026-01-02T03:04:05Z" == ada.json()["createdAt"]
        assert ["3", "1"] == [v["value"] for v in ada.json()["propertiesWithHistory"]["points"]]
        odd = http.get(f"{path}/102", params={"properties": "points"}).json()
        assert "abc" == odd["properties"]["points"]
        assert (404, 200) == tuple(
            http.get(f"{path}/103", params={"archived": a}).status_code for a in ("false", "true")
        )
        ties = http.get("/crm/v4/objects/contacts/101/associations/p4711_pets").json()["results"]
        assert ["201"] == [str(tie["toObjectId"]) for tie in ties]
        assert "Owner" in {one["label"] for one in ties[0]["associationTypes"]}
        assert "100" == ada.headers["X-HubSpot-RateLimit-Max"]
        found = http.get("/crm-object-schemas/v3/schemas").json()["results"]
        assert [("2-7001", "p4711_pets")] == [
            (one["objectTypeId"], one["fullyQualifiedName"]) for one in found
        ]


def test_an_account_without_files_has_hubspots_own_properties_only() -> None:
    with Account() as account, client(account) as http:
        names = {one["name"] for one in http.get("/crm/v3/properties/contacts").json()["results"]}
        schemas = http.get("/crm-object-schemas/v3/schemas").json()["results"]

    assert {"email", "firstname", "hs_object_id"} <= names
    assert not {"sj_credits", "student_id"} & names
    assert [] == schemas


def test_reset_brings_back_the_seed_at_the_same_url(files: tuple[Path, Path]) -> None:
    with Account(*files) as account, client(account) as http:
        url = account.url
        path = "/crm/v3/objects/contacts/101"
        http.patch(path, json={"properties": {"points": "9"}}).raise_for_status()
        new = {"name": "extra", "label": "X", "type": "string", "fieldType": "text"}
        new["groupName"] = "contactinformation"
        http.post("/crm/v3/properties/contacts", json=new).raise_for_status()
        account.set_faults({"action": "status", "status": 503})

        account.reset()

        assert url == account.url
        assert "3" == http.get(path, params={"properties": "points"}).json()["properties"]["points"]
        assert 404 == http.get("/crm/v3/properties/contacts/extra").status_code


def test_nothing_stays_on_disk_after_an_account_without_a_state_folder(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with Account(*files):
        assert 1 == len(list(scratch.iterdir()))

    assert [] == list(scratch.iterdir())


def test_every_fault_of_a_schema_is_told_with_its_line(files: tuple[Path, Path]) -> None:
    schema = """[account]
id = "4711"
colour = "red"
[objects.contacts.properties]
points = "numer"
email = "string"
[objects.Pets]
id = "0-999"
primary = "nam"
[objects.Pets.properties]
name = { type = "string", uniqe = true }
size = { type = "enumeration" }
[objects.empty]
[[associations]]
from = "contacts"
to = "Pet"
"""

    told = """my-portal.toml:3: account.colour: 'colour' is no setting of the account; known: app_id, app_name, id, people, scopes, tier, token
my-portal.toml:2: account.id: '4711' is no number; write one from 1 up
my-portal.toml:5: objects.contacts.properties.points.type: 'numer' is no type; did you mean 'number'?
my-portal.toml:6: objects.contacts.properties.email: HubSpot has this property on contacts already; leave it out
my-portal.toml:7: objects.Pets: a name is lower-case letters, digits and _, and begins with a letter
my-portal.toml:8: objects.Pets.id: '0-999' is no id of a custom object; write one as 2-7001
my-portal.toml:11: objects.Pets.properties.name.uniqe: 'uniqe' is no setting of a property; did you mean 'unique'?
my-portal.toml:12: objects.Pets.properties.size: an enumeration needs options = ["one", "two"]
my-portal.toml:9: objects.Pets.primary: 'nam' is no property of Pets; did you mean 'name'?
my-portal.toml:13: objects.empty: a custom object needs a property: [objects.empty.properties]
my-portal.toml:14: associations[0]: label is missing; write label = "..."
my-portal.toml:16: associations[0].to: 'Pet' is no object type; did you mean 'Pets'?"""  # noqa: E501
    assert set(told.splitlines()) == set(faults_of(files, schema))


def test_every_fault_of_a_seed_is_told_with_its_line(files: tuple[Path, Path]) -> None:
    seed = """{
 "contacts": [
  {"id": "101", "properties": {"email": "ada@example.test", "points": "many",
                               "pionts": "3"}},
  {"id": "101", "properties": {"email": "ADA@example.test", "level": "x"}},
  {"properties": {}, "createdAt": "yesterday"},
  7
 ],
 "pets": [{"id": "201", "properties": {"chip": ["a"]}, "propertys": {}}],
 "pet": [],
 "associations": [
  {"from": "contacts/101", "to": "pets/999"},
  {"from": "contacts/101", "to": "pets/201", "label": "Owned by"},
  {"from": "contacts"}
 ]
}"""

    told = """data.json:3: contacts[0].properties.points: many was not a valid number. (number); to keep it all the same, set "raw": true
data.json:4: contacts[0].properties.pionts: 'pionts' is no property of contacts; did you mean 'points'?
data.json:5: contacts[1].id: two contacts have the id 101
data.json:5: contacts[1].properties.level: x was not one of the allowed options: [label: "Silver" value: "s", label: "Gold" value: "g"] (enumeration); to keep it all the same, set "raw": true
data.json:5: contacts[1].properties.email: 'ada@example.test' is unique, and contacts[0] has it too
data.json:6: contacts[2]: id is missing; write digits in quotes: "id": "101"
data.json:6: contacts[2].createdAt: 'yesterday' is no time; write 2026-11-23T12:00:00Z
data.json:7: contacts[3]: an object is written {"id": "101", "properties": {...}}
data.json:9: pets[0].propertys: 'propertys' is no field of an object; did you mean 'properties'?
data.json:9: pets[0].properties.chip: ['a'] is no single value; write a text or a number
data.json:9: pets[0]: name is required; write it, or "raw": true
data.json:10: pet: 'pet' is no object type of this account; did you mean 'pets'?
data.json:12: associations[0].to: the file has no object pets/999; add it, or leave this out
data.json:13: associations[1].label: 'Owned by' is no label from contacts to pets of the schema; did you mean 'Owner'?
data.json:14: associations[2]: write {"from": "contacts/101", "to": "companies/201"}"""  # noqa: E501
    assert told.splitlines() == faults_of(files, seed=seed)


@pytest.mark.parametrize(
    ("schema", "seed", "told"),
    [
        ("objects = [", "{}", "my-portal.toml: not TOML: "),
        (SCHEMA, '{"contacts": [}', "data.json:1: not JSON: Expecting value, column 15"),
        (SCHEMA, "[]", "data.json:1: the file: write an object"),
        (SCHEMA, '{"contacts": [], "contacts": []}', "an object has the key 'contacts' twice"),
        ("objects = 3", "{}", "my-portal.toml:1: objects: 3 is no table; write [objects]"),
        ("[account]\ntier = 'gold'", "{}", "known: enterprise, free, limit-increase, professional"),
        ("[account]\nscopes = ['crm.exprt']", "{}", "did you mean 'crm.export'?"),
    ],
)
def test_what_is_no_file_of_ours_is_told(
    files: tuple[Path, Path], schema: str, seed: str, told: str
) -> None:
    (line,) = faults_of(files, schema, seed)

    assert told in line


def test_missing_files_and_wrong_options_are_told(files: tuple[Path, Path]) -> None:
    with pytest.raises(Unusable, match=r"nowhere.toml: cannot be read: No such file"):
        Account("nowhere.toml")
    with pytest.raises(Unusable, match="gravity"), Account(*files, gravity=1):
        pass
    with Account(*files) as account, pytest.raises(Unusable, match="not a fault"):
        account.set_faults({"action": "explode"})


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.hubapi.com")])
    at = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.DNSName("api.hubapi.com")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, secret


def test_an_account_is_served_by_https_with_its_faults(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path)
    listening = Listening(host="localhost", cert=cert, key=key)
    with Account(*files, listening=listening) as account:
        trusting = ssl.create_default_context(cafile=str(cert))
        headers = {"Authorization": f"Bearer {account.token}"}
        with httpx.Client(base_url=account.url, headers=headers, verify=trusting) as http:
            page = http.get("/crm/v3/objects/contacts", params={"limit": 1}).json()
            assert page["paging"]["next"]["link"].startswith(f"{account.url}/crm/v3/")
            account.set_faults({"action": "reset", "times": 1}, {"action": "lose_answer"})
            for _ in range(2):
                with pytest.raises(httpx.TransportError):
                    http.get("/crm/v3/objects/contacts/101")


def test_a_certificate_that_is_none_is_told(files: tuple[Path, Path]) -> None:
    listening = Listening(cert=files[0], key=files[1])
    with pytest.raises(Unusable, match="certificate and key"), Account(listening=listening):
        pass


def test_others_than_this_machine_may_not_call_the_controls(files: tuple[Path, Path]) -> None:
    def ask(address: str, path: str) -> int:
        async def asked() -> int:
            transport = httpx.ASGITransport(app=app, client=(address, 4_000))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
                return (await http.get(path)).status_code

        return asyncio.run(asked())

    with Account(*files, listening=Listening(host="0.0.0.0")) as account:  # noqa: S104
        app = account.server.app
        assert account.url.startswith("http://127.0.0.1:")
        assert not account.server.private
        app.controls_open = False
        assert 200 == httpx.get(f"{account.url}/_sandbox/stats", timeout=60).status_code
        assert 403 == ask("192.0.2.9", "/_sandbox/stats")
        assert 401 == ask("192.0.2.9", "/crm/v3/objects/contacts")
        app.controls_open = True
        assert 200 == ask("192.0.2.9", "/_sandbox/stats")


def command(*args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.hubspot.tool", *map(str, args)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_command_serves_as_told(files: tuple[Path, Path]) -> None:
    faults = json.dumps([{"action": "status", "status": 429, "times": 1}])
    more = ["--faults", faults, "--rate-limit", 7, "--option", "write_through_merge=false"]
    with command("serve", "--schema", files[0], "--seed", files[1], *more) as running:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        headers = {"Authorization": f"Bearer {said['token']}"}
        with httpx.Client(base_url=said["url"], headers=headers, timeout=60) as http:
            statuses = [http.get("/crm/v3/objects/contacts/101").status_code for _ in range(2)]
            options = http.get("/_sandbox/options").json()
        os.kill(said["pid"], signal.SIGTERM)
        assert 0 == running.wait(30)

    assert [429, 200] == statuses
    assert (7, False) == (options["rate_limit"], options["write_through_merge"])


def test_the_command_counts_what_its_files_make(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main(["check", "--schema", str(files[0]), "--seed", str(files[1])])

    counted = json.loads(capsys.readouterr().out)
    assert (3, 1) == (counted["contacts"], counted["pets"])


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--faults", '[{"action": "explode"}, {"action": "slow", "ms": -1}]'], "--faults:1: [1]"),
        (["--faults", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--option", "gravity=1"], "gravity"),
        (["--option", "gravity"], "write NAME=VALUE"),
        (["--cert", "cert.pem"], "needs both --cert and --key"),
        (["--option", 'traced=["read"]'], "create, update, upsert are known"),
        (["--host", "192.0.2.7"], "Choose others with --host and --port"),
        (["--schema", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_the_command_refuses_and_says_why(
    args: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == cli.main(["serve", *args])

    said = capsys.readouterr()
    assert "" == said.out
    assert told in said.err
    assert "nothing was started" in said.err


def test_rules_of_a_schema_hold_for_2026_09(files: tuple[Path, Path]) -> None:
    rule = '[[objects.contacts.rules]]\nrequire = "points"\nwhen = "level"\nvalues = ["g"]\n'
    files[0].write_text(f"{SCHEMA}{rule}")
    with Account(*files) as account, client(account) as http:
        body = {"properties": {"email": "bob@example.test", "level": "g"}}
        refused = http.post("/crm/objects/2026-09/contacts", json=body)
        assert "MISSING_CONDITIONAL_REQUIRED_PROPERTY" in refused.text
        assert 201 == http.post("/crm/objects/2026-03/contacts", json=body).status_code


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('require = "point"', "did you mean 'points'?"),
        ('when = "level"\nvalues = ["g"]', "require is missing"),
        ('require = "points"\nwhen = "level"', "when and values belong together"),
        ('require = "points"\ncolour = "red"', "'colour' is no setting of a rule"),
    ],
)
def test_a_wrong_rule_of_a_schema_is_told(files: tuple[Path, Path], rule: str, told: str) -> None:
    (line,) = faults_of(files, f"{SCHEMA}[[objects.contacts.rules]]\n{rule}\n")

    assert told in line
    assert line.startswith("my-portal.toml:2")


def test_one_state_folder_serves_one_account_at_a_time(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    state = tmp_path / "kept"
    other = Account(*files, state=state)
    with Account(*files, state=state), pytest.raises(Unusable, match="another sandbox runs on"):
        other.start()
    with Account(*files, state=state) as again:
        assert again.url


def test_a_first_start_that_was_cut_short_begins_again(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    state = tmp_path / "kept"
    good = files[1].read_text()
    files[1].write_text('{"contacts": [{"id": "x"}]}')
    with pytest.raises(Unusable):
        Account(*files, state=state).start()

    files[1].write_text(good)
    with Account(*files, state=state) as account, client(account) as http:
        assert 200 == http.get("/crm/v3/objects/contacts/101").status_code


@pytest.mark.parametrize("args", [["--port", "70000"], ["--token", ""], ["--token", "a b"]])
def test_the_command_refuses_what_no_server_has(args: list[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["serve", *args])


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ({"id": "1", "properties": {"firstname": "\ud800"}}, "lone surrogate"),
        ({"id": "1", "properties": {"firstname": "\ud800"}, "raw": True}, "lone surrogate"),
        (
            {
                "id": "1",
                "properties": {"points": "1"},
                "propertiesWithHistory": {
                    "points": [
                        {"value": "1", "timestamp": "2026-01-01T00:00:00Z"},
                        {"value": "3", "timestamp": "2026-02-01T00:00:00Z"},
                    ]
                },
            },
            "write the newest version first",
        ),
    ],
)
def test_odd_values_of_a_seed_are_told(files: tuple[Path, Path], contact: Any, told: str) -> None:
    (line,) = faults_of(files, seed={"contacts": [contact]})

    assert told in line


def test_files_may_begin_with_a_byte_order_mark(files: tuple[Path, Path]) -> None:
    for path in files:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    with Account(*files) as account:
        assert account.url
