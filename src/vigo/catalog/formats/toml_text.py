"""TOML as text, edited at one place: comments and all else stay byte for byte. Source: TOML 1.0."""

import tomllib
from collections.abc import Callable
from typing import Any

from vigo.catalog.formats.names import shown
from vigo.catalog.formats.pointers import Path
from vigo.core.errors import InvalidError


class TomlFormat:
    """Dates and times that a file has stay as they are; a value that is declared is a text, number or the like."""

    name = "TOML"

    def read(self, text: str) -> Any:
        """Return the document.

        Raises:
            InvalidError: it is not TOML.
        """
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidError(f"expected TOML, found {_told(error)}; correct it") from error

    def check(self, value: Any) -> None:
        """Accept a value without null.

        Raises:
            InvalidError: there is a null in it, or a number that is too large.
        """
        if value is None:
            raise InvalidError("value: expected no null, which TOML does not have, found one; use state: absent")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise InvalidError(f"value: expected a number of at most 64 bits with its sign, found {value}")
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            self.check(one)

    def replaced(self, text: str, path: Path, value: Any) -> str:
        """Return the text with another value at a path; what is written in braces stays so."""
        import tomlkit  # noqa: PLC0415 - it takes 30 ms, which machines without TOML need not pay

        if not path:
            return self._as_document(value)

        def edit(document: Any) -> None:
            container, key = _inside(document, path[:-1]), _key(document, path)
            former = container[key]
            is_inline = isinstance(former, tomlkit.items.InlineTable | tomlkit.items.Array)
            item = _item(value, is_inline=is_inline or _is_inline(container))
            _keep_end(former, item)
            container[key] = item

        return _edited(text, edit)

    def inserted(self, text: str, path: Path, key: str, value: Any) -> str:
        """Return the text with one more key or item: in a section behind its others, a map as a section of its own."""

        def edit(document: Any) -> None:
            container = _inside(document, path)
            if isinstance(container, list):
                container.append(value if isinstance(value, dict) else _item(value, is_inline=True))
            else:
                container[key] = _item(value, is_inline=_is_inline(container))

        return _edited(text, edit)

    def removed(self, text: str, path: Path) -> str:
        """Return the text without a key or section."""
        import tomlkit  # noqa: PLC0415 - as above

        def edit(document: Any) -> None:
            container = _inside(document, path[:-1])
            _keep_end(container[path[-1]], None)
            del container[path[-1]]
            is_implied = isinstance(container, tomlkit.items.Table) and container.is_super_table()
            if len(path) > 1 and not container and is_implied:
                # `[a.b]` alone says that there is an `a`; without it that has to be said.
                _inside(document, path[:-2])[_key(document, path[:-1])] = tomlkit.table()

        return _edited(text, edit, spaced=False)

    def packed(self, value: Any) -> str:
        """Return the value as a document that has it alone."""
        return self._as_document({"value": value})

    def unpacked(self, text: str) -> Any:
        """Return the value of such a document."""
        return self.read(text)["value"]

    def _as_document(self, value: Any) -> str:
        import tomlkit  # noqa: PLC0415 - as above

        if not isinstance(value, dict):
            raise InvalidError(f"value: expected a map as the whole document, found {shown(str(value))}")
        return tomlkit.dumps(value)


def _edited(text: str, edit: Callable[[Any], None], *, spaced: bool = True) -> str:
    import tomlkit  # noqa: PLC0415 - as above
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 - as above

    try:
        document = tomlkit.parse(text)
        if document.as_string() != text:
            raise InvalidError("pointer: expected TOML that can be edited in place, found a layout that would change")
        edit(document)
        after = document.as_string()
        return _spaced(text, after) if spaced else after
    except (TOMLKitError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidError(
            f"pointer: expected TOML that can be edited in place, found a layout that cannot ({_told(error)}); nothing"
            " is changed: write this part of the file plainly"
        ) from error


def _spaced(before: str, after: str) -> str:
    """Return the edited text with an empty line between what is new at its end and the section behind it."""
    place = len(after)
    offset = len(before) - place
    while place > 0 and place + offset > 0 and after[place - 1] == before[place + offset - 1]:
        place -= 1
    is_tight = after.startswith("\n[", place) and not after.endswith("\n", 0, place) and place > 0
    return (
        f"{after[:place]}\n{after[place:]}"
        if is_tight and before[place + offset - 1 : place + offset] == "\n"
        else after
    )


def _keep_end(former: Any, item: Any) -> None:
    """Give a section what stands behind the last key of the one that it replaces: comments there are of the next one.

    Raises:
        InvalidError: there are such comments, and no section takes the place.
    """
    import tomlkit  # noqa: PLC0415 - as above

    if not isinstance(former, tomlkit.items.Table):
        return
    end: list[Any] = []
    for key, one in reversed(former.value.body):
        if key is not None:
            break
        if isinstance(one, tomlkit.items.Comment | tomlkit.items.Whitespace):
            end.insert(0, one)
    if isinstance(item, tomlkit.items.Table):
        for one in end:
            item.add(one)
    elif any(isinstance(one, tomlkit.items.Comment) for one in end):
        raise InvalidError(
            "pointer: expected a section without comments behind its last key, found some, which would be lost; nothing"
            " is changed: move them"
        )


def _inside(document: Any, path: Path) -> Any:
    for token in path:
        document = document[int(token) if isinstance(document, list) else token]
    return document


def _key(document: Any, path: Path) -> str | int:
    return int(path[-1]) if isinstance(_inside(document, path[:-1]), list) else path[-1]


def _is_inline(container: Any) -> bool:
    import tomlkit  # noqa: PLC0415 - as above

    return isinstance(container, tomlkit.items.InlineTable | tomlkit.items.Array)


def _item(value: Any, *, is_inline: bool) -> Any:
    import tomlkit  # noqa: PLC0415 - as above

    if isinstance(value, dict) and is_inline:
        table = tomlkit.inline_table()
        table.update({key: _item(one, is_inline=True) for key, one in value.items()})
        return table
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        array.extend(_item(one, is_inline=True) for one in value)
        return array
    return tomlkit.item(value)


def _told(error: Exception) -> str:
    return str(error)[:200] or "more depth than can be read"
