"""The kinds of operation: one module each, and the registry that knows them all. Pure.

Nothing outside this package tells one kind from another: it asks the registry.
"""
