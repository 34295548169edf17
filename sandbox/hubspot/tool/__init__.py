"""The sandbox as a tool for any HubSpot project: an account from files, a command, a fixture."""

from sandbox.hubspot.tool.account import Account
from sandbox.hubspot.tool.problems import Unusable

__all__ = ["Account", "Unusable"]
