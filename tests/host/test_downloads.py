"""The kinds `download` and `archive` with a server in the Debian; sha256sum, stat, find and tar judge what is there."""

import pytest

from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

FOLDER, PORT = "/srv/www", 8000
URL = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def server(debian: BootedDebian) -> BootedDebian:
    """Return the Debian with a server of Debian's own Python in it."""
    debian.run("mkdir", "-p", FOLDER)
    serve(debian)
    return debian


def serve(debian: BootedDebian) -> None:
    """Start the server and return once it answers."""
    serving = ("python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", FOLDER, str(PORT))
    debian.run("systemd-run", "--quiet", "--unit=files", "--", "/usr/bin/env", *serving)
    answers = f"until (exec 3<>/dev/tcp/127.0.0.1/{PORT}) 2>/dev/null; do :; done"
    debian.run("timeout", "60", "bash", "-c", answers)


def requests(debian: BootedDebian) -> int:
    """Return how often the server was asked for a file."""
    debian.run("journalctl", "--sync")
    return debian.tell("journalctl", "--quiet", "--output=cat", "--unit=files").count('"GET ')


def download(**fields: object) -> PlannedResource:
    return declared("download", "file", **{"path": "/usr/local/bin/tool", **fields})


def archive(**fields: object) -> PlannedResource:
    return declared("archive", "tool", **{"path": "/opt/tool", **fields})


def digest(debian: BootedDebian, path: str) -> str:
    return debian.tell("sha256sum", path).split()[0]


def metadata(debian: BootedDebian, path: str) -> str:
    return debian.tell("stat", "--format=%F %a %U %G", path)


def packed(debian: BootedDebian, name: str, *files: str, options: str = "-cz") -> str:
    """Pack files with their folder into an archive that is served, and return its digest."""
    top = f"/srv/{name}.d/tool"
    for file in files:
        debian.write(f"{top}/{file}", f"{name} {file}\n")
    debian.run("ln", "-s", files[0], f"{top}/link")
    debian.run("chmod", "4755", f"{top}/{files[0]}")
    debian.run("tar", options, "-f", f"{FOLDER}/{name}", "-C", f"/srv/{name}.d", "tool")
    return digest(debian, f"{FOLDER}/{name}")


def test_a_download_comes_once_is_repaired_and_goes(server: BootedDebian) -> None:
    server.write(f"{FOLDER}/tool", "#!/bin/sh\necho it runs\n")
    known = digest(server, f"{FOLDER}/tool")
    wanted = download(url=f"{URL}/tool", sha256=known, mode="0750", owner="daemon", group="games")
    server.changes(wanted)
    assert digest(server, "/usr/local/bin/tool") == known
    assert metadata(server, "/usr/local/bin/tool") == "regular file 750 daemon games"
    assert server.tell("/usr/local/bin/tool") == "it runs"
    assert requests(server) == 1
    server.run("sh", "-c", "echo more >> /usr/local/bin/tool; chmod 777 /usr/local/bin/tool")
    server.changes(wanted)
    assert digest(server, "/usr/local/bin/tool") == known
    assert metadata(server, "/usr/local/bin/tool") == "regular file 750 daemon games"
    server.run("systemctl", "stop", "files.service")
    server.keeps(wanted)
    server.changes(download(state="absent"))
    assert server.run("stat", "/usr/local/bin/tool", check=False).returncode == 1
    assert server.tell("find", "/usr/local/bin", "-mindepth", "1") == ""


def test_another_file_a_missing_one_and_an_unknown_server_leave_the_former_file(server: BootedDebian) -> None:
    server.write(f"{FOLDER}/tool", "one\n")
    server.write("/usr/local/bin/tool", "former\n", mode="0711")
    known = digest(server, f"{FOLDER}/tool")
    refused = server.apply(download(url=f"{URL}/tool", sha256="0" * 64))["file"]
    assert refused.outcome == "failed"
    assert known in refused.reason
    for url in (f"{URL}/missing", "http://127.0.0.1:9/tool", "https://nowhere.invalid/tool"):
        assert server.apply(download(url=url, sha256=known))["file"].outcome == "blocked"
    assert server.tell("cat", "/usr/local/bin/tool") == "former"
    assert metadata(server, "/usr/local/bin/tool") == "regular file 711 root root"
    assert server.tell("find", "/usr/local/bin", "-mindepth", "1") == "/usr/local/bin/tool"


def test_a_server_that_nobody_vouches_for_gives_nothing(server: BootedDebian) -> None:
    server.write(f"{FOLDER}/tool", "one\n")
    made = (
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "/srv/key",
        "-out",
        "/srv/pem",
        "-subj",
        "/CN=localhost",
    )
    server.run("openssl", "req", *made, "-addext", "subjectAltName=IP:127.0.0.1")
    program = (
        "import http.server, ssl\n"
        "server = http.server.HTTPServer(('127.0.0.1', 8443), http.server.SimpleHTTPRequestHandler)\n"
        "tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); tls.load_cert_chain('/srv/pem', '/srv/key')\n"
        "server.socket = tls.wrap_socket(server.socket, server_side=True)\n"
        "server.serve_forever()\n"
    )
    server.write("/srv/serve.py", program)
    server.run("systemd-run", "--quiet", "--unit=secure", f"--working-directory={FOLDER}", "python3", "/srv/serve.py")
    server.run("timeout", "60", "bash", "-c", "until (exec 3<>/dev/tcp/127.0.0.1/8443) 2>/dev/null; do :; done")
    found = server.apply(download(url="https://127.0.0.1:8443/tool", sha256=digest(server, f"{FOLDER}/tool")))["file"]
    assert found.outcome == "failed"
    assert "certificate" in found.reason
    assert server.run("stat", "/usr/local/bin/tool", check=False).returncode == 1


def test_an_archive_is_unpacked_as_tar_would_and_another_takes_its_place(server: BootedDebian) -> None:
    one = packed(server, "one.tar.gz", "bin/run", "share/doc", "old")
    two = packed(server, "two.tar.bz2", "bin/run", "share/new", options="-c")
    server.changes(archive(source=f"{URL}/one.tar.gz", sha256=one, strip=1))
    assert (
        server.tell("diff", "-r", "--no-dereference", "-x", ".vigo-archive", "/srv/one.tar.gz.d/tool", "/opt/tool")
        == ""
    )
    assert metadata(server, "/opt/tool/bin/run") == "regular file 755 root root"
    assert metadata(server, "/opt/tool/.vigo-archive") == "regular file 600 root root"
    assert server.tell("readlink", "/opt/tool/link") == "bin/run"
    server.write("/opt/tool/share/mine", "mine\n")
    server.changes(archive(source=f"{URL}/two.tar.bz2", sha256=two, strip=1, owner="daemon"))
    assert server.tell("sh", "-c", "cd /opt/tool && find . -type f | sort").split() == [
        *("./.vigo-archive", "./bin/run", "./share/mine", "./share/new"),
    ]
    assert server.tell("cat", "/opt/tool/bin/run") == "two.tar.bz2 bin/run"
    assert metadata(server, "/opt/tool/share/new") == "regular file 644 daemon root"
    assert metadata(server, "/opt/tool/share/mine") == "regular file 644 root root"
    server.run("systemctl", "stop", "files.service")
    server.keeps(archive(source=f"{URL}/two.tar.bz2", sha256=two, strip=1, owner="daemon"))
    server.changes(archive(state="absent"))
    assert server.tell("find", "/opt/tool", "-type", "f") == "/opt/tool/share/mine"
    server.keeps(archive(state="absent"))


def test_an_archive_on_the_host_is_followed_and_repaired_and_goes_with_its_folder(debian: BootedDebian) -> None:
    debian.run("mkdir", "-p", FOLDER)
    packed(debian, "one.tar", "a", options="-c")
    packed(debian, "two.tar", "b", options="-c")
    debian.run("cp", f"{FOLDER}/one.tar", "/srv/tool.tar")
    wanted = archive(source="/srv/tool.tar")
    debian.changes(wanted)
    assert debian.tell("ls", "/opt/tool/tool").split() == ["a", "link"]
    debian.run("rm", "-r", "/opt/tool")
    debian.changes(wanted)
    debian.run("cp", f"{FOLDER}/two.tar", "/srv/tool.tar")
    debian.changes(wanted)
    assert debian.tell("ls", "/opt/tool/tool").split() == ["b", "link"]
    debian.changes(archive(state="absent"))
    assert debian.tell("find", "/opt", "-mindepth", "1") == ""


def test_a_zip_of_another_tool_is_unpacked(debian: BootedDebian) -> None:
    debian.write("/srv/tree/tool/a", "a\n")
    debian.write("/srv/tree/tool/deep/b", "b\n")
    debian.run("python3", "-m", "zipfile", "-c", "/srv/tool.zip", "/srv/tree/tool")
    debian.changes(
        archive(source="/srv/tool.zip", sha256=digest(debian, "/srv/tool.zip"), strip=1, creates="/opt/tool/a")
    )
    assert debian.tell("diff", "-r", "-x", ".vigo-archive", "/srv/tree/tool", "/opt/tool") == ""


def test_what_leads_out_and_what_is_in_the_way_is_refused_and_a_mount_is_not_emptied(debian: BootedDebian) -> None:
    debian.write("/srv/x", "x\n")
    debian.run("tar", "-cPf", "/srv/out.tar", "--transform=s,^/srv,../../etc,", "/srv/x")
    assert "../../etc/x" in debian.tell("tar", "-tPf", "/srv/out.tar")
    refused = debian.apply(archive(source="/srv/out.tar"))["tool"]
    assert refused.outcome == "failed"
    assert "`..` in it" in refused.reason
    assert debian.tell("find", "/opt", "-mindepth", "1") == ""
    debian.run("tar", "-cf", "/srv/good.tar", "-C", "/srv", "x")
    debian.write("/opt/tool/x", "mine\n")
    refused = debian.apply(archive(source="/srv/good.tar"))["tool"]
    assert refused.outcome == "failed"
    assert "expected nothing at x" in refused.reason
    assert debian.tell("cat", "/opt/tool/x") == "mine"
    debian.run("mount", "-t", "tmpfs", "none", "/opt/tool")
    debian.changes(archive(source="/srv/good.tar"))
    refused = debian.apply(archive(state="absent"))["tool"]
    assert refused.outcome == "failed"
    assert "a mounted file system" in refused.reason
    assert debian.tell("cat", "/opt/tool/x") == "x"
