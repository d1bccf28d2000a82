"""Another machine beside a booted Debian: a network namespace at the other end of a pair of interfaces."""

from tests.host.booted_debian import BootedDebian

HERE, AWAY = "192.0.2.1", "192.0.2.2"

_ASK = "import socket; socket.create_connection(('{}', {}), 2)"


class Neighbour:
    """It has the address `AWAY`, the Debian `HERE`; `listen` has a port answer, at the Debian or at the neighbour."""

    def __init__(self, debian: BootedDebian) -> None:
        self._debian = debian
        for words in (
            "ip netns add away",
            "ip link add here type veth peer name there netns away",
            f"ip addr add {HERE}/24 dev here",
            "ip link set here up",
            f"ip -n away addr add {AWAY}/24 dev there",
            "ip -n away link set there up",
        ):
            debian.run(*words.split())

    def listen(self, port: int, *, away: bool = False) -> None:
        """Have a port answer until the machine goes."""
        place = _AWAY if away else ()
        serve = (*place, "python3", "-m", "http.server", str(port), "--directory", "/srv")
        self._debian.run("systemd-run", f"--unit=answers-{port}", *serve)
        seen = " ".join((*place, "ss", "-ltn"))
        self._debian.run("timeout", "20", "sh", "-c", f"until {seen} | grep -q :{port}; do sleep 0.1; done")

    def reaches(self, port: int) -> bool:
        """Return whether the neighbour can connect to a port of the Debian."""
        return self._connects(HERE, port, _AWAY)

    def is_reached(self, port: int) -> bool:
        """Return whether the Debian can connect to a port of the neighbour."""
        return self._connects(AWAY, port, ())

    def reaches_itself(self, port: int) -> bool:
        """Return whether the Debian can connect to a port of its own."""
        return self._connects("127.0.0.1", port, ())

    def _connects(self, address: str, port: int, place: tuple[str, ...]) -> bool:
        done = self._debian.run(*place, "python3", "-c", _ASK.format(address, port), check=False)
        return done.returncode == 0


_AWAY = ("ip", "netns", "exec", "away")
