"""The journal's table of measures, and the SQL of time and numbers that differs by database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, String, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from core.database.columns import Word, metadata
from core.drift.store.tables import drifts
from core.drift.store.trends_port import Gauge

measures = Table(
    "measures",
    metadata,
    Column("gauge", Word(Gauge), primary_key=True),
    #: Seconds since 1970: what is grouped by time by the hundred thousand is kept as a number.
    Column("second", BigInteger, primary_key=True, autoincrement=False),
    Column("of", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("value", Float, nullable=False),
    Column("weight", Float, nullable=False),
    Index("measures_by_time", "second"),
    sqlite_with_rowid=False,
)

#: How many of each cause a sweep found, and the oldest, without reading a row.
Index("drifts_by_age", drifts.c.sweep_id, drifts.c.cause, drifts.c.since)


class seconds_of(FunctionElement[int]):  # noqa: N801 - reads as the function it is
    """Whole seconds since 1970 of a ``UtcTime``."""

    type = BigInteger()
    inherit_cache = True


@compiles(seconds_of, "sqlite")
def _seconds_sqlite(element: seconds_of, compiler: SQLCompiler, **more: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **more)}) AS INTEGER)"


@compiles(seconds_of, "postgresql")
def _seconds_postgresql(element: seconds_of, compiler: SQLCompiler, **more: Any) -> str:
    of = compiler.process(element.clauses, **more)
    return f"CAST(floor(extract(epoch FROM {of})) AS BIGINT)"


class whole_number(FunctionElement[int]):  # noqa: N801 - reads as the function it is
    """``whole_number(column, name)``: what a JSON object holds by that name, unless it is none.

    NULL for text, marks, fractions of text, and for what is not there.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(whole_number, "sqlite")
def _whole_sqlite(element: whole_number, compiler: SQLCompiler, **more: Any) -> str:
    column, name = (compiler.process(each, **more) for each in element.clauses)
    path = f"""'$."' || {name} || '"'"""
    return (
        f"CASE WHEN json_type({column}, {path}) = 'integer' THEN json_extract({column}, {path}) END"
    )


@compiles(whole_number, "postgresql")
def _whole_postgresql(element: whole_number, compiler: SQLCompiler, **more: Any) -> str:
    column, name = (compiler.process(each, **more) for each in element.clauses)
    name = f"CAST({name} AS TEXT)"
    return (
        f"CASE WHEN json_typeof({column} -> {name}) = 'number' "
        f"AND ({column} ->> {name}) ~ '^-?[0-9]+$' "
        f"THEN CAST({column} ->> {name} AS BIGINT) END"
    )
