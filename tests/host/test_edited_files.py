from tests.host.booted_debian import BootedDebian, declared

SETTINGS = "; site\n[server]\nport = 80 ; old\n\n[client]\nport=1\n"


def test_an_option_is_what_another_parser_of_the_format_reads(debian: BootedDebian) -> None:
    debian.write("/srv/app.ini", SETTINGS)
    option = declared("ini", "port", path="/srv/app.ini", section="server", option="port", value="8080")
    debian.changes(option)
    read = (
        "import configparser; c = configparser.ConfigParser(inline_comment_prefixes=(';',));"
        " c.read('/srv/app.ini'); print(dict(c['server']))"
    )
    assert debian.tell("python3", "-c", read) == "{'port': '8080'}"
    lines = debian.tell("cat", "/srv/app.ini").splitlines()
    assert [line for line in lines if "8080" not in line] == ["; site", "[server]", "", "[client]", "port=1"]
    debian.changes(declared("ini", "port", path="/srv/app.ini", section="server", option="port", state="absent"))
    assert debian.tell("python3", "-c", read) == "{}"


def test_a_block_stands_between_its_markers_and_the_rest_stays(debian: BootedDebian) -> None:
    debian.write("/srv/hosts", "127.0.0.1 localhost\n", mode="0640")
    block = declared("block_in_file", "block", path="/srv/hosts", block="192.0.2.7 db\n192.0.2.8 web", label="site")
    debian.changes(block)
    lines = debian.tell("cat", "/srv/hosts").splitlines()
    assert lines[0] == "127.0.0.1 localhost"
    assert lines[2:4] == ["192.0.2.7 db", "192.0.2.8 web"]
    assert debian.tell("stat", "--format=%a", "/srv/hosts") == "640"
    debian.run("sed", "-i", "s/192.0.2.8/6.6.6.6/", "/srv/hosts")
    debian.changes(block)
    assert debian.tell("cat", "/srv/hosts").splitlines() == lines
    debian.changes(declared("block_in_file", "block", path="/srv/hosts", label="site", state="absent"))
    assert debian.tell("cat", "/srv/hosts") == "127.0.0.1 localhost"


def test_every_match_is_replaced_as_sed_would(debian: BootedDebian) -> None:
    for place in ("/srv/ours", "/srv/seds"):
        debian.write(place, "PermitRootLogin yes\n#PermitRootLogin yes\nPort 22\n")
    fields = {"pattern": r"^(#?)PermitRootLogin yes$", "with": r"\1PermitRootLogin no"}
    debian.changes(declared("replace", "root", path="/srv/ours", **fields))
    debian.run("sed", "-E", "-i", r"s/^(#?)PermitRootLogin yes$/\1PermitRootLogin no/", "/srv/seds")
    assert debian.tell("cat", "/srv/ours") == debian.tell("cat", "/srv/seds")
