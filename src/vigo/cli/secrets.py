"""`vigocli secrets`: values that the stacks only name."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from vigo.cli.client.connecting import connect
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from vigo.core.terminal import print_line

_STDIN = "-"
_USUAL = "value"


@click.group("secrets", cls=Noun)
def command() -> None:
    """Keep the values that the stacks name as secret:PATH or secret:PATH#field, and never hold.

    Values travel sealed to one reader, and no value is taken from the command line, where others could see it.

    Examples:
      vigocli secrets set web/db-password
      vigocli secrets list

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("init")
@json_option
@click.pass_context
def check_vault(ctx: click.Context, *, as_json: bool) -> None:
    """Say whether the vault is ready, and what is wrong with it. That of a new server is: nothing has to be made.

    Example:
      vigocli secrets init

    Exit statuses:
      0  it is ready
      1  a secret cannot be read, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get("secrets")
    bad = [one for one in answer["items"] if one["problem"]]
    if as_json:
        print_json({"backend": answer["backend"], "secrets": len(answer["items"]), "damaged": bad})
    else:
        count = len(answer["items"])
        state = f"cannot read {len(bad)} of its secrets" if bad else "is ready"
        print_line(f"{answer['backend']} {state}: {count} secret{'' if count == 1 else 's'} in it")
        for one in bad:
            print_line(f"{one['path']}: {one['problem']}", colour="red", error=True)
        if not count:
            print_line("`vigocli secrets set PATH` stores the first one", error=True)
    if bad:
        ctx.exit(1)


@command.command("set")
@click.argument("path")
@click.argument("source", metavar="[-]", required=False)
@click.option(
    "--field", "fields", multiple=True, metavar="NAME=FILE", help="A field from a file, - for standard input. Again."
)
@click.option("--base", type=click.IntRange(min=0), metavar="N", help="Only if it is in version N now; 0: it is new.")
@json_option
@click.pass_context
def set_secret(
    ctx: click.Context, *, path: str, source: str | None, fields: tuple[str, ...], base: int | None, as_json: bool
) -> None:
    r"""Give a secret a new value, asked for on the terminal; envoys that are made of it check in at once.

    With - the value is all of standard input, kept byte for byte. A secret of several fields is given all of them.

    Examples:
      vigocli secrets set web/db-password
      openssl rand -base64 24 | tr -d '\n' | vigocli secrets set web/session-key -
      vigocli secrets set web/tls --field key=tls.key --field certificate=tls.pem

    Exit statuses:
      0  stored
      1  refused, or the server could not be asked; the former value stays
      2  the command line is wrong
    """
    _checked(path)
    if source not in (None, _STDIN):
        raise click.UsageError("a value on the command line is seen by others: leave it out to be asked, or write -")
    if source is not None and fields:
        raise click.UsageError("expected - or --field, found both")
    found = _fields(fields) if fields else {_USUAL: _standard_input() if source else _asked(path)}
    from vigo.cli.client.sealed_secrets import store  # noqa: PLC0415 - so that `--help` starts at once

    with connect(ctx) as api:
        _print_stored(store(api, path, found, base), as_json=as_json)


@command.command("get")
@click.argument("path")
@click.option("--field", metavar="NAME", help="One field; needed where it has several, unless --json.")
@click.option("--version", type=click.IntRange(min=1), metavar="N", help="A former version that is kept.")
@json_option
@click.pass_context
def get_secret(ctx: click.Context, *, path: str, field: str | None, version: int | None, as_json: bool) -> None:
    """Print the value of a secret as it is, without a line feed of its own. The audit trail has that you saw it.

    Examples:
      vigocli secrets get web/db-password
      vigocli secrets get web/tls --field key > tls.key

    Exit statuses:
      0  printed
      1  there is none, or the server refused or could not be asked
      2  the command line is wrong
    """
    from vigo.cli.client.sealed_secrets import reveal  # noqa: PLC0415 - so that `--help` starts at once

    with connect(ctx) as api:
        found = reveal(api, path, version)
    if as_json:
        print_json({"path": path, "version": found.version, "fields": dict(found.fields)})
        return
    name = field or (next(iter(found.fields)) if len(found.fields) == 1 else _USUAL)
    if name not in found.fields:
        raise NotFoundError(
            f"expected one of the fields {', '.join(sorted(found.fields))} of {path}, found {field or 'none named'};"
            " name it by --field"
        )
    sys.stdout.buffer.write(found.fields[name].encode())
    sys.stdout.flush()


@command.command("list")
@json_option
@click.pass_context
def list_secrets(ctx: click.Context, *, as_json: bool) -> None:
    """List the secrets, without their values.

    Examples:
      vigocli secrets list
      vigocli secrets list --json

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get("secrets")
    if as_json:
        print_json(answer)
        return
    if not answer["items"]:
        print_line("no secrets; `vigocli secrets set PATH` stores one", error=True)
        return
    _print_rows(
        ("SECRET", "VERSION", "CHANGED", "BY", "FIELDS"),
        [
            (one["path"], str(one["version"]), _when(one["changed_at"]), one["changed_by"] or "-", _told_fields(one))
            for one in answer["items"]
        ],
    )


@command.command("history")
@click.argument("path")
@json_option
@click.pass_context
def history(ctx: click.Context, *, path: str, as_json: bool) -> None:
    """List the versions that are kept of a secret, the newest first, without their values.

    Example:
      vigocli secrets history web/db-password

    Exit statuses:
      0  listed
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get(f"secret-versions/{_checked(path)}")
    if as_json:
        print_json(answer)
        return
    _print_rows(
        ("VERSION", "MADE", "BY", "FIELDS"),
        [
            (str(one["version"]), _when(one["created_at"]), one["created_by"] or "-", _told_fields(one))
            for one in answer["items"]
        ],
    )


@command.command("rotate")
@click.argument("path", required=False)
@click.option("--length", type=click.IntRange(8, 1024), default=32, show_default=True, help="Characters of the value.")
@click.option("--vault-key", is_flag=True, help="Put all secrets of the local vault under a new key instead.")
@json_option
@click.pass_context
def rotate(ctx: click.Context, *, path: str | None, length: int, vault_key: bool, as_json: bool) -> None:
    """Give a secret a new random value of letters and digits, made by the server and shown to nobody.

    With --vault-key the key of the local vault is changed instead, while the server goes on.

    Examples:
      vigocli secrets rotate web/db-password
      vigocli secrets rotate --vault-key

    Exit statuses:
      0  done
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    if (path is None) != vault_key:
        raise click.UsageError("expected a PATH, or --vault-key, found both or neither")
    with connect(ctx) as api:
        if path is None:
            answer = api.post("vault-keys")
            if as_json:
                print_json(answer)
            else:
                print_line(f"all {answer['secrets']} secrets are under a new key; back up keys/vault.key")
            return
        _print_stored(api.put(f"secrets/{_checked(path)}", {"generate": length}), as_json=as_json)


@command.command("rm")
@click.argument("path")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def remove(ctx: click.Context, *, path: str, yes: bool) -> None:
    """Remove a secret with all of its versions; refused while the live policy refers to it.

    Example:
      vigocli secrets rm web/old-token --yes

    Exit statuses:
      0  removed
      1  there is none, it is in use, or the server could not be asked
      2  the command line is wrong
    """
    _checked(path)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("expected --yes where nobody can be asked")
        click.confirm(f"Remove {path} with all of its versions?", abort=True, err=True)
    with connect(ctx) as api:
        api.delete(f"secrets/{path}")
    print_line(f"{path} is removed; machines keep what was made of it")


@command.command("export")
@click.option("--recipient", "recipients", multiple=True, required=True, metavar="AGE", help="Who can read it. Again.")
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="A file that is new.")
@click.pass_context
def export(ctx: click.Context, *, recipients: tuple[str, ...], output: Path) -> None:
    """Write all secrets into a file for recovery, encrypted with age so that the holders of some keys can read it.

    `age --decrypt -i KEYFILE FILE` prints a JSON map of paths and fields.

    Examples:
      vigocli secrets export --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --output v.age

    Exit statuses:
      0  written
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    if output.exists():
        raise ConflictError(f"{output}: expected a new file, found one; give another --output")
    with connect(ctx) as api:
        content = api.download("secret-exports", {"recipients": list(recipients)})
    _write(output, content)
    print_line(f"{output}: all secrets, for {len(recipients)} recipient{'' if len(recipients) == 1 else 's'}")


def _write(path: Path, content: bytes) -> None:
    import os  # noqa: PLC0415 - so that `--help` starts at once

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror}; give another --output") from error


def _checked(path: str) -> str:
    from vigo.core.secret_marker import checked_path  # noqa: PLC0415 - so that `--help` starts at once

    return checked_path(path)


def _fields(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    if sum(one.endswith("=-") for one in given) > 1:
        raise click.UsageError("--field: expected standard input for one field at most")
    for one in given:
        name, has_file, file = one.partition("=")
        if not has_file or not file:
            raise click.UsageError(f"--field: expected NAME=FILE, found {name[:40]!r}")
        if name in found:
            raise click.UsageError(f"--field: expected each field once, found {name[:40]!r} again")
        found[name] = _standard_input() if file == _STDIN else _content(Path(file))
    return found


def _standard_input() -> str:
    return _text(sys.stdin.buffer.read(), "standard input")


def _content(path: Path) -> str:
    try:
        return _text(path.read_bytes(), str(path))
    except OSError as error:
        raise NotFoundError(f"{path}: cannot be read: {error.strerror}") from error


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidError(f"{where}: expected UTF-8 text, found other bytes; encode it in base64") from error


def _asked(path: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("expected - to take the value from standard input, or a terminal to ask for it")
    value: str = click.prompt(f"Value of {path}", hide_input=True, confirmation_prompt=True, err=True)
    return value


def _print_stored(answer: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    print_line(f"{answer['path']}: version {answer['version']} is stored; refer to it as secret:{answer['path']}")
    envoys = answer["envoys"]
    if envoys:
        print_line(f"{len(envoys)} envoy{'' if len(envoys) == 1 else 's'} made of it check in now: {_some(envoys)}")


def _some(names: list[str]) -> str:
    most = 5
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _told_fields(one: dict[str, Any]) -> str:
    return one.get("problem") or ", ".join(one["fields"]) or "-"


def _when(text: str | None) -> str:
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    return "-" if text is None else relative(datetime.fromisoformat(text), SystemClock().now())


def _print_rows(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - so that `--help` starts at once

    print_table(head, [(Cell(row[0], whole=True), *row[1:]) for row in rows])
