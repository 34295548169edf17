"""HubSpot's messages, made and read. Nothing here sends any.

Vendor names, strings for numbers, "true" and null-or-empty stop here: inside are ``Contact``,
``int``, ``bool`` and aware times.
"""
