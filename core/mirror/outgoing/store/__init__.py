"""Where events for other apps are kept until they are taken."""
