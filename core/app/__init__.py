"""The wiring: the one place that names what reaches the world."""
