# mypy: ignore-errors
"""hubspot-sdk: HubSpot's own client of the dated versions. Answers of another shape are errors."""

import json
import os

from hubspot_sdk import HubSpot

client = HubSpot(
    access_token=os.environ["HUBSPOT_TOKEN"],
    base_url=os.environ["HUBSPOT_BASE_URL"],
    _strict_response_validation=True,
)
contacts = list(client.crm.objects.contacts.list(limit=100, properties=["email"]))
assert all(one.properties["email"] for one in contacts)
counts = {"contacts": len(contacts)}
schemas = {one.name: one.object_type_id for one in client.crm.object_schemas.list().results}
for what, name in (("bookings", "bookings"), ("exams", "mock_exams")):
    found = client.crm.objects.custom.list(schemas[name], limit=100)
    counts[what] = sum(1 for _ in found)
print(json.dumps(counts))
