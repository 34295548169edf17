# mypy: ignore-errors
"""hubspot-api-client: HubSpot's own client of the undated versions."""

import json
import os

from hubspot import HubSpot

url = os.environ["HUBSPOT_BASE_URL"]
client = HubSpot(access_token=os.environ["HUBSPOT_TOKEN"], host=url)
contacts = client.crm.contacts.get_all(properties=["email"])
assert all(one.properties["email"] for one in contacts)
counts = {"contacts": len(contacts)}
schemas = {one.name: one.object_type_id for one in client.crm.schemas.core_api.get_all().results}
for what, name in (("bookings", "bookings"), ("exams", "mock_exams")):
    counts[what] = len(client.crm.objects.get_all(schemas[name]))
print(json.dumps(counts))
