from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.sudoers import SudoRule, parse_sudoers, resolved

NAMES = st.from_regex(r"[a-z%#][a-z0-9_-]{0,6}", fullmatch=True).filter(lambda name: name[0] != "#")
COMMANDS = st.from_regex(r"/[a-z]{1,6}( -[a-z])?", fullmatch=True)
LETTERS = 'ab ALL=(:)NOPASSWD:,!\\"#%@include User_Alias\n\t/sha224'


def rule(*users: str, **more: object) -> SudoRule:
    fields: dict[str, object] = {
        "users": users,
        "hosts": ("ALL",),
        "run_as_users": ("root",),
        "run_as_groups": (),
        "commands": ("ALL",),
        "asks_password": True,
    }
    return SudoRule(**{**fields, **more})  # type: ignore[arg-type]


def test_the_file_of_debian_and_that_of_red_hat_are_understood() -> None:
    text = (
        'Defaults\tenv_reset\nDefaults\tsecure_path="/usr/sbin:/usr/bin"\nDefaults:ann !lecture\n'
        "# User privilege specification\nroot\tALL=(ALL:ALL) ALL\n%sudo\tALL=(ALL:ALL) ALL\n"
        "## Same thing without a password\n# %wheel\tALL=(ALL)\tNOPASSWD: ALL\n%wheel  ALL=(ALL)       ALL\n"
        "@includedir /etc/sudoers.d\n#includedir /etc/more.d\n#include /etc/sudoers.%h\n"
    )
    found = parse_sudoers(text)
    assert found.rules == (
        rule("root", run_as_users=("ALL",), run_as_groups=("ALL",)),
        rule("%sudo", run_as_users=("ALL",), run_as_groups=("ALL",)),
        rule("%wheel", run_as_users=("ALL",)),
    )
    assert found.includes == (("/etc/sudoers.d", True), ("/etc/more.d", True), ("/etc/sudoers.%h", False))
    assert found.defaults == (
        "Defaults env_reset",
        'Defaults secure_path="/usr/sbin:/usr/bin"',
        "Defaults:ann !lecture",
    )
    assert found.unknown_lines == 0


def test_a_command_takes_its_terms_from_the_one_before_it() -> None:
    text = "ann, #1000 web1, web2 = (www : adm) NOPASSWD: SETENV: /bin/a x, /bin/b, \\\n  PASSWD: /bin/c, (db) /bin/d\n"
    who, hosts = ("ann", "#1000"), ("web1", "web2")
    assert parse_sudoers(text).rules == (
        rule(
            *who,
            hosts=hosts,
            run_as_users=("www",),
            run_as_groups=("adm",),
            commands=("/bin/a x", "/bin/b"),
            asks_password=False,
        ),
        rule(*who, hosts=hosts, run_as_users=("www",), run_as_groups=("adm",), commands=("/bin/c",)),
        rule(*who, hosts=hosts, run_as_users=("db",), commands=("/bin/d",)),
    )


def test_a_line_can_go_on_with_other_hosts_and_colons_of_commands_do_not() -> None:
    text = (
        "ann web = sha224:0AbC= /bin/a, NOPASSWD: CWD=/srv /bin/b\\:c : db, mail = /bin/id\n"
        '"dom\\\\ann" ALL = /bin/x\n%:adgroup ALL = ALL, !/bin/su\n'
    )
    assert parse_sudoers(text).rules == (
        rule("ann", hosts=("web",), commands=("sha224:0AbC= /bin/a",)),
        rule("ann", hosts=("web",), commands=("/bin/b\\:c",), asks_password=False),
        rule("ann", hosts=("db", "mail"), commands=("/bin/id",)),
        rule('"dom\\\\ann"', commands=("/bin/x",)),
        rule("%:adgroup", commands=("ALL", "!/bin/su")),
    )


def test_aliases_stand_for_their_members_and_one_of_itself_ends() -> None:
    text = (
        "User_Alias ADMINS = ann, OPS : OPS = %ops, !cid\nCmnd_Alias WEB = /bin/a x, sha256:zz= /bin/b\n"
        "User_Alias LOOP = LOOP, bob\nCmd_Alias OTHER = /bin/c\n"
    )
    aliases = parse_sudoers(text).aliases
    assert resolved(("ADMINS", "!OPS"), "User", aliases) == ("ann", "%ops", "!cid", "!%ops", "cid")
    assert resolved(("WEB", "OTHER"), "Cmnd", aliases) == ("/bin/a x", "sha256:zz= /bin/b", "/bin/c")
    assert resolved(("LOOP",), "User", aliases) == ("LOOP", "bob")
    assert resolved(("WEB",), "User", aliases) == ("WEB",)


def test_aliases_that_multiply_stay_bounded() -> None:
    lines = (f"User_Alias A{number} = {', '.join([f'A{number + 1}'] * 50)}\n" for number in range(50))
    assert len(resolved(("A0",), "User", parse_sudoers("".join(lines)).aliases)) <= 100


def test_what_is_no_rule_is_counted_and_not_guessed() -> None:
    found = parse_sudoers("nonsense\nann ALL\nann ALL = \n" + "x" * 5000 + " ALL=ALL\n")
    assert found.rules == ()
    assert found.unknown_lines == 4


@given(st.lists(st.tuples(NAMES, st.booleans(), st.lists(COMMANDS, min_size=1, max_size=3))))
def test_rules_are_read_back(rules: list[tuple[str, bool, list[str]]]) -> None:
    lines = (f"{who} ALL=(root) {'' if asks else 'NOPASSWD: '}{', '.join(commands)}\n" for who, asks, commands in rules)
    assert parse_sudoers("".join(lines)).rules == tuple(
        rule(who, commands=tuple(commands), asks_password=asks) for who, asks, commands in rules
    )


@given(st.text() | st.text(LETTERS, max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse_sudoers(text)
    assert len(found.rules) + found.unknown_lines + len(found.includes) <= len(text) + 1
    for one in found.rules:
        assert len(resolved(one.users, "User", found.aliases)) <= 100
