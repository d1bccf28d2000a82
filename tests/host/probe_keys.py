"""Keys of our own on the booted machine, and what they sign there."""

from tests.host.booted_debian import BootedDebian

HOME = "/srv/gpg"
_GPG = ("gpg", "--homedir", HOME, "--batch", "--yes", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback")


def make_key(machine: BootedDebian, name: str = "probe") -> str:
    """Make a key and return its fingerprint, as gpg tells it."""
    machine.run("install", "-d", "-m", "0700", HOME)
    machine.run(*_GPG, "--quick-generate-key", f"{name}@vigo.invalid", "rsa2048", "default", "never")
    lines = machine.tell(*_GPG, "--with-colons", "--list-keys", f"{name}@vigo.invalid").split("\n")
    return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))


def exported(machine: BootedDebian, fingerprint: str) -> str:
    """Return a public key in ASCII armour."""
    return machine.tell(*_GPG, "--armor", "--export", fingerprint) + "\n"


def sign(machine: BootedDebian, fingerprint: str, *how: str, file: str) -> None:
    """Sign a file: `--clearsign`, or `--detach-sign`."""
    machine.run(*_GPG, "--local-user", fingerprint, *how, file)


def fingerprints_in(machine: BootedDebian, path: str) -> list[str]:
    """Return the fingerprints of the primary keys in a file, as gpg tells them."""
    lines = machine.tell(*_GPG, "--with-colons", "--show-keys", path).split("\n")
    return [lines[number + 1].split(":")[9] for number, line in enumerate(lines) if line.startswith("pub:")]


def sign_rpms(machine: BootedDebian, fingerprint: str, folder: str) -> None:
    """Sign the packages of a folder, and its index."""
    machine.write(
        "/root/.rpmmacros",
        f"%_gpg_path {HOME}\n%_gpg_name {fingerprint}\n%__gpg /usr/bin/gpg\n"
        "%_gpg_sign_cmd_extra_args --batch --passphrase '' --pinentry-mode loopback\n",
    )
    machine.run("sh", "-c", f"rpmsign --addsign {folder}/*.rpm")
    machine.run("createrepo_c", "--quiet", folder)
    sign(machine, fingerprint, "--armor", "--detach-sign", file=f"{folder}/repodata/repomd.xml")
