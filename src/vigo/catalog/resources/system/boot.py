"""Which init system boots a host, as far as its files tell: an image has no running one to ask."""

from vigo.catalog.api import ReadFiles

_SYSTEMD = ("/run/systemd/system", "/usr/lib/systemd/systemd", "/lib/systemd/systemd")


def boots_with_systemd(host: ReadFiles) -> bool:
    """Return whether systemd is there to boot the host."""
    return any(host.stat(path) is not None for path in _SYSTEMD)


def boots_with_openrc(host: ReadFiles) -> bool:
    """Return whether OpenRC is, and no systemd. Source: openrc(8), runlevels."""
    return host.stat("/etc/runlevels") is not None and not boots_with_systemd(host)
