"""Column types that mean the same on every database."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment, stored as whole microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return what the database stores."""
        del dialect
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment that was stored."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Pairs(TypeDecorator[dict[str, str]]):
    """Texts by name, stored as JSON; none where nothing is stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:
        """Return what the database stores."""
        del dialect
        return json.dumps(value, sort_keys=True) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, str]:
        """Return the texts that were stored."""
        del dialect
        return {} if value is None else json.loads(value)
