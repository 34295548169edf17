"""CSV for people who open it in a spreadsheet; the command line writes the same."""

from core.domain.spreadsheets import FORMULA_STARTS, csv_bytes

__all__ = ["FORMULA_STARTS", "csv_bytes"]
