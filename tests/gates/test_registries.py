from tests.gates.tree import ROOT, files

# Written in pieces, so that this file names none either. Which one to ask is for the user's own configuration to say.
REGISTRIES = [
    ".".join(labels).encode()
    for labels in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("ftp", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("security", "ubuntu", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("registry-1", "docker", "io"),
        ("conda", "anaconda", "org"),
        ("cran", "r-project", "org"),
    )
]


def test_no_file_names_a_package_registry() -> None:
    named = [
        f"{path} names {host.decode()}"
        for path in files()
        for content in [(ROOT / path).read_bytes().lower()]
        for host in REGISTRIES
        if host in content
    ]
    assert not named, "leave it to the user's own configuration:\n" + "\n".join(named)
