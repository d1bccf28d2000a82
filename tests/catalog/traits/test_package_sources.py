import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.package_sources import PackageSourcesTraits, Source, collect_package_sources
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

SECRET = "hunter2"


def source(file: str, *uris: str, **fields: object) -> Source:
    usual: dict[str, object] = {
        "id": "",
        "types": ("deb",),
        "suites": (),
        "components": (),
        "enabled": True,
        "signed_by": (),
        "verified": True,
    }
    return Source(file=file, uris=uris, **{**usual, **fields})  # type: ignore[arg-type]


def collected(host: FakeHost) -> PackageSourcesTraits:
    found = collect_package_sources.collect(host)
    assert isinstance(found, PackageSourcesTraits)
    return found


def test_both_forms_of_debian_are_told_in_the_order_of_apt() -> None:
    files: Files = {
        "/etc/apt/sources.list": "# see the folder\ndeb http://deb.example.org/debian bookworm main\n",
        "/etc/apt/sources.list.d/debian.sources": "Types: deb\nURIs: https://bob:hunter2@x.example/\nSuites: stable\n"
        "Components: main\nSigned-By: /usr/share/keyrings/x.gpg\nEnabled: no\n",
        "/etc/apt/sources.list.d/extra.list": "deb-src [trusted=yes] http://y.example/ ./\n",
        "/etc/apt/sources.list.d/old.list.save": "deb http://no.example/ x y\n",
    }
    folder = "/etc/apt/sources.list.d"
    assert collected(debian(files)) == PackageSourcesTraits(
        sources=(
            source(
                "/etc/apt/sources.list",
                "http://deb.example.org/debian",
                suites=("bookworm",),
                components=("main",),
            ),
            source(
                f"{folder}/debian.sources",
                "https://***@x.example/",
                suites=("stable",),
                components=("main",),
                enabled=False,
                signed_by=("/usr/share/keyrings/x.gpg",),
            ),
            source(f"{folder}/extra.list", "http://y.example/", types=("deb-src",), suites=("./",), verified=False),
        ),
        count=3,
    )


def test_repositories_of_red_hat_take_the_settings_of_dnf() -> None:
    files: Files = {
        "/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nproxy_password=hunter2\n",
        "/etc/yum.repos.d/rocky.repo": "[baseos]\nmirrorlist=https://m.example/?arch=$basearch\n"
        "gpgkey=file:///etc/pki/rpm-gpg/KEY\n[debug]\nbaseurl=https://d.example/\nenabled=0\npassword=hunter2\n",
        "/etc/yum.repos.d/rocky.repo.rpmnew": "[no]\nbaseurl=x\n",
    }
    file = "/etc/yum.repos.d/rocky.repo"
    found = collected(redhat(files))
    assert found.sources == (
        source(
            file,
            "https://m.example/?arch=$basearch",
            id="baseos",
            types=("rpm",),
            signed_by=("file:///etc/pki/rpm-gpg/KEY",),
        ),
        source(file, "https://d.example/", id="debug", types=("rpm",), enabled=False),
    )
    assert SECRET not in repr(found)


def test_repositories_of_suse_leave_what_they_do_not_say_to_zypper() -> None:
    files: Files = {
        "/etc/zypp/zypp.conf": "[main]\n# gpgcheck = on\n",
        "/etc/zypp/repos.d/oss.repo": "[oss]\nname=Main\nenabled=1\nautorefresh=1\n"
        "baseurl=https://download.example/oss?credentials=scc\ntype=rpm-md\n",
    }
    assert collected(FakeHost(files)).sources == (
        source(
            "/etc/zypp/repos.d/oss.repo",
            "https://download.example/oss?credentials=scc",
            id="oss",
            types=("rpm",),
            verified=None,
        ),
    )


def test_repositories_of_alpine_are_lines() -> None:
    files: Files = {
        "/etc/apk/repositories": "https://dl.example/v3.19/main\n",
        "/etc/apk/repositories.d/edge.list": "@edge https://dl.example/edge/main\n",
    }
    assert collected(alpine(files)).sources == (
        source("/etc/apk/repositories", "https://dl.example/v3.19/main", types=("apk",)),
        source("/etc/apk/repositories.d/edge.list", "https://dl.example/edge/main", id="@edge", types=("apk",)),
    )


def test_repositories_of_arch_include_files_by_name_and_pattern() -> None:
    files: Files = {
        "/etc/pacman.conf": "[options]\nSigLevel = Required\n[core]\nInclude = /etc/pacman.d/mirrorlist\n"
        "Include = /etc/pacman.d/more.d/*.conf\nInclude = relative\nInclude = /etc/absent\n",
        "/etc/pacman.d/mirrorlist": "Server = https://a.example/$repo\n",
        "/etc/pacman.d/more.d/x.conf": "[extra]\nServer = https://b.example/$repo\n",
        "/etc/pacman.d/more.d/y.off": "[no]\n",
    }
    assert collected(FakeHost(files)).sources == (
        source("/etc/pacman.conf", "https://a.example/$repo", id="core", types=("pacman",)),
        source("/etc/pacman.conf", "https://b.example/$repo", id="extra", types=("pacman",)),
    )


@pytest.mark.parametrize("host", [FakeHost(), image(), debian()])
def test_a_host_without_such_files_has_no_sources(host: FakeHost) -> None:
    assert collected(host) == PackageSourcesTraits(sources=(), count=0)


def test_an_image_has_its_sources() -> None:
    assert collected(image({"/etc/apt/sources.list": "deb http://x.example/ a b\n"})).count == 1


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    mirrors = " ".join(f"https://m{number}.example/" for number in range(30))
    text = f"[first]\nbaseurl={mirrors}\n" + "".join(f"[r{number}]\n" for number in range(300))
    found = collected(redhat({"/etc/yum.repos.d/x.repo": text}))
    assert (len(found.sources), found.count, len(found.sources[0].uris)) == (200, 301, 20)


@pytest.mark.parametrize(
    "path", ["/etc/apt/sources.list", "/etc/yum.repos.d/x.repo", "/etc/apk/repositories", "/etc/pacman.conf"]
)
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian(unreadable(path)))
