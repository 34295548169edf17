# mypy: ignore-errors
"""dlt's own REST source: every contact, by listing, into a schema of its own in PostgreSQL.

    python dlt_postgres.py SCHEMA PROPERTY...

Environment: HUBSPOT_BASE_URL, HUBSPOT_TOKEN, SUPABASE_DB_URL. Prints how many rows stand there.
"""

import json
import os
import sys
import tempfile

schema, *properties = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    os.environ["DLT_DATA_DIR"] = folder
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt
    from dlt.destinations import postgres
    from dlt.sources.rest_api import rest_api_source

    listing = {
        "path": "crm/v3/objects/contacts",
        "params": {"limit": 100, "properties": ",".join(properties)},
        "data_selector": "results",
        "paginator": {"type": "json_link", "next_url_path": "paging.next.link"},
    }
    source = rest_api_source(
        {
            "client": {
                "base_url": os.environ["HUBSPOT_BASE_URL"],
                "auth": {"type": "bearer", "token": os.environ["HUBSPOT_TOKEN"]},
            },
            "resources": [{"name": "contacts", "endpoint": listing}],
        }
    )
    pipeline = dlt.pipeline(
        "peers",
        destination=postgres(os.environ["SUPABASE_DB_URL"]),
        dataset_name=schema,
        pipelines_dir=folder,
    )
    pipeline.run(source, write_disposition="replace")
    with pipeline.sql_client() as client:
        ((rows,),) = client.execute_sql("select count(*) from contacts")
print(json.dumps({"contacts": rows}))
