"""The HTTP API: ``/api/v1``, for the apps in which students book and cancel, and for admin apps."""

#: Where it is mounted; types of problems and addresses of operations begin with it.
PATH = "/api/v1"
