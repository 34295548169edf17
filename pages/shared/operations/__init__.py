"""Batch operations on the screen: choose, preview, confirm, follow, result.

Where a person is stands in the address alone: nothing, ``?plan=`` or ``?operation=``. What it
shows is read from the journal each time, so a reload, a closed tab or a second one is harmless.
"""

from pages.shared.operations.stage import show

__all__ = ["show"]
