"""The students' API: ``/api/v1``, for the apps in which students book and cancel."""

#: Where it is mounted; types of problems and addresses of operations begin with it.
PATH = "/api/v1"
