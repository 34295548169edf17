# mypy: ignore-errors
"""dlt's verified HubSpot source: everything that it reads, into a database in a file."""

import json
import os
import sys
import tempfile
from pathlib import Path

source = Path(sys.executable).parents[2]  # where `dlt init hubspot` put it
sys.path.insert(0, str(source))
with tempfile.TemporaryDirectory() as folder:
    os.environ["DLT_DATA_DIR"] = folder
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.chdir(folder)
    import dlt
    from hubspot import hubspot
    from hubspot.helpers import fetch_data

    token = os.environ["HUBSPOT_TOKEN"]
    pipeline = dlt.pipeline("sandbox", destination="duckdb", dataset_name="hubspot_data")
    pipeline.run(hubspot(api_key=token, include_history=True))
    with pipeline.sql_client() as client:
        ((contacts,),) = client.execute_sql("select count(*) from contacts")
        ((mails,),) = client.execute_sql("select count(email) from contacts")
        ((owners,),) = client.execute_sql("select count(*) from owners")
        ((stages,),) = client.execute_sql("select count(*) from pipelines_deals__stages")
    assert mails == contacts
    assert (owners, stages) == (2, 7)
    counts = {"contacts": contacts}
    # the source has no custom objects of its own: its reader of lists takes any path
    for what, type_ in (("bookings", "p_bookings"), ("exams", "p_mock_exams")):
        path = f"/crm/v3/objects/{type_}"
        counts[what] = sum(len(page) for page in fetch_data(path, token, {"limit": 100}))
print(json.dumps(counts))
