"""`vigo adopt`."""

from pathlib import Path

import click

from vigo.agent.options import json_option, print_json


@click.command("adopt")
@click.option("--packages", is_flag=True, help="The packages that somebody asked for.")
@click.option("--services", is_flag=True, help="The services that run or start at boot.")
@click.option("--users", is_flag=True, help="People's accounts and groups, without passwords.")
@click.option(
    "--files",
    multiple=True,
    metavar="GLOB",
    help="Files, directories and symlinks: * and ? within a name, ** across directories. May be given again.",
)
@click.option("--private", is_flag=True, help="Files too that not everybody may read: their content goes into stacks.")
@click.option("--hostname", help="The name that the machine has in policies; its own where left out.")
@click.option(
    "--root", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Read this file tree instead."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default="adopted",
    show_default=True,
    help="Folder to write the stacks to; it must not be there yet, or be empty.",
)
@json_option
def command(
    *,
    packages: bool,
    services: bool,
    users: bool,
    files: tuple[str, ...],
    private: bool,
    hostname: str | None,
    root: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Write down what this machine has, as stacks whose first run changes nothing. Only reads; needs no enrolment.

    Without --packages, --services, --users and --files: packages, services and users. What cannot be declared as it
    is, is left out, and told with the reason on standard error. Read what was written before you publish it.

    Examples:
      vigo adopt
      vigo adopt --packages --files '/etc/nginx/**' --files /etc/motd --output stacks
      vigo adopt --users --json

    Exit statuses:
      0  written
      1  there was nothing to adopt, or it could not be written
      2  the command line is wrong
    """
    from vigo.agent.adoption.adopting import Wanted, adopt  # noqa: PLC0415 - so that `vigo version` starts at once
    from vigo.agent.adoption.folder import host_and_name, write  # noqa: PLC0415 - the same
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - the same
    from vigo.core.terminal import print_line  # noqa: PLC0415 - the same

    everything = not (packages or services or users or files)
    wanted = Wanted(
        packages=packages or everything,
        services=services or everything,
        users=users or everything,
        files=files,
        private=private,
    )
    host, name = host_and_name(root, hostname)
    adopted = adopt(host, name, wanted, lambda line: print_line(line, error=True))
    for one in adopted.left_out:
        print_line(f"left out: {one.name}: {one.reason}", colour="yellow", error=True)
    if not adopted.counts:
        raise NotFoundError("nothing was found that could be adopted; the lines above say why")
    write(adopted.files, output)
    if as_json:
        print_json({**adopted.as_json(), "output": str(output)})
        return
    total = sum(adopted.counts.values())
    print_line(f"{total} resources of {name} are in {output}; next: vigocli config validate --stacks {output}")
