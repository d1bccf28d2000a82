"""The executor of `FetchKey`."""

from datetime import timedelta

from vigo.agent.host.real_host import RealHost
from vigo.agent.host.web_fetch import fetch
from vigo.agent.host.write_file import write_file
from vigo.catalog.formats.repository_keys import in_form, require_known
from vigo.catalog.ops import WriteFile
from vigo.catalog.ops.fetch_key import FetchKey

MAX_KEY_BYTES = 1024 * 1024
LONGEST = timedelta(minutes=1)


def fetch_key(op: FetchKey, host: RealHost) -> None:
    """Fetch the key, and write it where its fingerprint is known.

    Raises:
        BlockedError: the server cannot be reached, or does not give it.
        InvalidError: it is not the key, or the URL leads to where it may not; nothing was written.
        OSError: the key cannot be written.
        TimedOutError: it took too long.
        TooLargeError: it is larger than any key.
        UnavailableError: the server's certificate is not accepted.
    """
    found = fetch(op.url, max_bytes=MAX_KEY_BYTES, within=LONGEST)
    require_known(found, op.fingerprints, op.form)
    write_file(WriteFile(path=op.path, content=in_form(found, op.form), mode=0o644), host)
