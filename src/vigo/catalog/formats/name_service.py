"""How a host finds names: resolv.conf(5) and hosts(5). Pure: text in, values out."""

import msgspec


class Resolver(msgspec.Struct, frozen=True):
    """The name servers in their order, and the domains that are tried behind a short name."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


def parse_resolv_conf(text: str) -> Resolver:
    """Return the servers and the search list; of several `search` and `domain` lines the last counts."""
    servers: list[str] = []
    search: tuple[str, ...] = ()
    for line in text.split("\n"):
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            servers.append(words[1])
        elif len(words) > 1 and words[0] in ("search", "domain"):
            search = tuple(words[1:])
    return Resolver(tuple(servers), search)


def full_name(hosts: str, hostname: str) -> str:
    """Return the full name of a host as hosts(5) has it: the first name of the first line that lists it.

    A name with a dot is taken as full, and one that no line makes full stays as it is.
    """
    if "." in hostname or not hostname:
        return hostname
    for line in hosts.split("\n"):
        names = line.partition("#")[0].split()[1:]
        if hostname in names and "." in names[0]:
            return names[0]
    return hostname
