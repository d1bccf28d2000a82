"""What publishing asks: is every secret there that the stacks refer to?"""

from collections.abc import Iterator
from typing import Literal

from vigo.core.errors import DamagedError, NotFoundError, VigoError
from vigo.core.plan import Origin
from vigo.core.secret_marker import SecretMarker
from vigo.server.features.generations.models import Finding, Policy
from vigo.server.features.secrets.models import SecretContent, SecretReader
from vigo.server.features.secrets.resolving import value_of


class SecretCheck:
    """Finds references that no value belongs to. A backend that does not answer is a warning: nobody knows."""

    def __init__(self, reader: SecretReader) -> None:
        self._reader = reader

    def __call__(self, policy: Policy) -> tuple[Finding, ...]:
        """Return what is wrong with the references of a policy."""
        places: dict[SecretMarker, list[Origin]] = {}
        for marker, origin in policy.secret_references():
            places.setdefault(marker, []).append(origin)
        return tuple(self._findings(places))

    def _findings(self, places: dict[SecretMarker, list[Origin]]) -> Iterator[Finding]:
        contents: dict[str, SecretContent] = {}
        for marker, origins in places.items():
            try:
                if marker.path not in contents:
                    contents[marker.path] = self._reader.read(marker.path)
                value_of(marker, contents[marker.path])
            except (NotFoundError, DamagedError) as error:
                yield from (_finding("error", origin, str(error)) for origin in origins)
            except VigoError as error:
                message = f"nobody can tell whether the secret {marker.name} is there: {error}"
                yield _finding("warning", origins[0], message)
                return


def _finding(severity: Literal["error", "warning"], place: Origin, message: str) -> Finding:
    return Finding(
        severity=severity, code="secret", message=message, file=place.file, line=place.line, column=place.column
    )
