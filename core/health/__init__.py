"""Is all well: overview, alarms, readiness, doctor, metrics."""
