"""Whether all is well: overview, alarms, readiness, doctor, metrics."""
