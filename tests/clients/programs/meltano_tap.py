# mypy: ignore-errors
"""meltano-tap-hubspot: the tap of Meltano, told which custom objects it is to read."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

STREAMS = {"contacts": "contacts", "p_bookings": "bookings", "p_mock_exams": "exams"}
tap = [str(Path(sys.executable).with_name("tap-hubspot"))]
with tempfile.TemporaryDirectory() as folder:
    config = Path(folder, "config.json")
    start = "2020-01-01T00:00:00Z"
    told = {
        "access_token": os.environ["HUBSPOT_TOKEN"],
        "start_date": start,
        "custom_object_types": ["p_bookings", "p_mock_exams"],
    }
    config.write_text(json.dumps(told))
    tap += ["--config", str(config)]
    found = subprocess.run([*tap, "--discover"], stdout=subprocess.PIPE, text=True, check=True)
    catalog = json.loads(found.stdout)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in STREAMS
    chosen = Path(folder, "catalog.json")
    chosen.write_text(json.dumps(catalog))
    sync = [*tap, "--catalog", str(chosen)]
    lines = subprocess.run(sync, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
messages = [json.loads(line) for line in lines]
ids = {(m["stream"], m["record"]["id"]) for m in messages if m["type"] == "RECORD"}
print(json.dumps(Counter(STREAMS[stream] for stream, _ in ids)))
