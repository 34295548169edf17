"""The store as this package needs it: roles and keys."""

from __future__ import annotations

from typing import Protocol

from core.access.store.accounts_port import AccountRecords
from core.access.store.api_keys_port import ClientRecords
from core.access.store.pacing_port import UseRecords
from core.access.store.roles_port import RoleRecords
from core.access.store.saved_filters_port import SavedFilterRecords
from core.access.store.sign_ins_port import SignInRecords
from core.audit.store.port import AuditStore


class AccessStore(
    AuditStore,
    RoleRecords,
    ClientRecords,
    AccountRecords,
    UseRecords,
    SignInRecords,
    SavedFilterRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
