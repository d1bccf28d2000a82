"""The kernel's tables of TCP sockets."""

_LISTENING = "0A"
_FEWEST_FIELDS = 4


def parse_listening_ports(text: str) -> frozenset[int]:
    """Return the ports that `/proc/net/tcp` or `/proc/net/tcp6` lists as listened on.

    Source: proc_pid_net(5): slot, local address and port in hexadecimal, remote address, state.
    """
    found = set()
    for line in text.split("\n"):
        fields = line.split()
        if len(fields) >= _FEWEST_FIELDS and fields[3] == _LISTENING:
            port = fields[1].rpartition(":")[2]
            if len(port) == 4 and all(digit in "0123456789ABCDEFabcdef" for digit in port):  # noqa: PLR2004 - 16 bits
                found.add(int(port, 16))
    return frozenset(found)
