"""Changing the file system right before a chosen system call, as somebody fast enough would."""

import os
from collections.abc import Callable
from typing import Any

import pytest


def before(
    monkeypatch: pytest.MonkeyPatch, call: str, when: Callable[..., bool], swap: Callable[[], object]
) -> list[str]:
    """Have `swap` called once before the first `os.<call>` for which `when` holds; return a list that then has it."""
    real = getattr(os, call)
    done: list[str] = []

    def wrapped(*arguments: Any, **options: Any) -> Any:
        if not done and when(*arguments, **options):
            done.append(call)
            swap()
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, wrapped)
    return done
