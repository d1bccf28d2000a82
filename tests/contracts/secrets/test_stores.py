"""What every place for secrets has to do, over each that there is; OpenBao is the real server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contracts.secrets.bao import Bao, bao
from vigo.core.errors import DamagedError, NotFoundError, UnavailableError, UsageError
from vigo.server.features.secrets.backends.files import PlainFiles
from vigo.server.features.secrets.backends.local import KEPT_VERSIONS, LocalVault
from vigo.server.features.secrets.backends.openbao import OpenBaoSettings, OpenBaoVault
from vigo.server.features.secrets.backends.vault_key import KEY_BYTES, FileKeys
from vigo.server.features.secrets.models import SecretReader, SecretStore
from vigo.testing.clock import FakeClock

Opened = Callable[..., OpenBaoVault]
FIELDS = {"user": "ada", "password": "p\"w'\n\\ü\u2028 "}


@pytest.fixture(scope="session")
def real_bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with bao(tmp_path_factory.mktemp("bao")) as running:
        yield running


def local(folder: Path) -> LocalVault:
    (folder / "vault.key").write_bytes(bytes(range(KEY_BYTES)))
    return LocalVault(folder / "secrets", FileKeys(folder / "vault.key"), FakeClock())


@pytest.fixture(params=["local", "openbao"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SecretStore]:
    if request.param == "local":
        yield local(tmp_path)
        return
    running: Bao = request.getfixturevalue("real_bao")
    vault = OpenBaoVault(running.settings, FakeClock())
    for one in vault.listed():
        vault.remove(one.path)
    yield vault
    vault.close()


@pytest.fixture
def opened() -> Iterator[Opened]:
    with ExitStack() as vaults:

        def opened(settings: OpenBaoSettings, clock: FakeClock | None = None) -> OpenBaoVault:
            return vaults.enter_context(closing(OpenBaoVault(settings, clock or FakeClock())))

        yield opened


def test_a_value_is_kept_as_it_was_given(store: SecretStore) -> None:
    made = store.put("web/db", FIELDS, "ada")
    assert (made.version, made.fields, made.created_by) == (1, ("password", "user"), "ada")
    found = store.read("web/db")
    assert (dict(found.fields), found.version) == (FIELDS, 1)
    assert 'p"w' not in repr(found)


def test_versions_are_kept_and_the_newest_one_is_meant(store: SecretStore) -> None:
    for number in (1, 2, 3):
        assert store.put("a", {"value": str(number)}, "ada").version == number
    assert store.read("a").fields["value"] == "3"
    assert store.read("a", 2).fields["value"] == "2"
    assert [one.version for one in store.history("a")] == [3, 2, 1]
    with pytest.raises(NotFoundError):
        store.read("a", 9)


def test_what_is_missing_is_missing(store: SecretStore) -> None:
    for ask in (store.read, store.history, store.remove):
        with pytest.raises(NotFoundError, match="no/such"):
            ask("no/such")


def test_names_that_are_alike_are_others(store: SecretStore) -> None:
    for path in ("a", "a/b", "a.b", "A", "a/b/c"):
        store.put(path, {"value": path}, "ada")
    assert [one.path for one in store.listed()] == sorted(("a", "a/b", "a.b", "A", "a/b/c"))
    for path in ("a", "a/b", "a.b", "A", "a/b/c"):
        assert store.read(path).fields["value"] == path


def test_what_is_removed_is_gone_with_all_versions(store: SecretStore) -> None:
    store.put("a", {"value": "1"}, "ada")
    store.remove("a")
    for ask in (store.read, store.history):
        with pytest.raises(NotFoundError):
            ask("a")
    assert store.listed() == ()


def test_a_stamp_stands_for_a_version_that_is_never_there_again(store: SecretStore) -> None:
    stamps = [store.stamp("a")]
    for value in ("1", "1"):
        store.put("a", {"value": value}, "ada")
        store.refresh(["a"])
        stamps.append(store.stamp("a"))
    store.remove("a")
    assert store.stamp("a") == ""
    store.put("a", {"value": "1"}, "ada")
    stamps.append(store.stamp("a"))
    assert len(set(stamps[1:])) == 3
    assert all(stamps[1:])


def test_the_list_says_when_a_secret_changed(store: SecretStore) -> None:
    made = store.put("a", {"value": "1"}, "ada")
    (listed,) = store.listed()
    assert (listed.path, listed.version, listed.changed_at, listed.problem) == ("a", 1, made.created_at, "")


def test_what_others_do_in_openbao_is_noticed(real_bao: Bao, opened: Opened) -> None:
    vault = opened(real_bao.settings)
    assert vault.stamp("others") is None
    vault.refresh(["others"])
    assert vault.stamp("others") == ""
    real_bao.ask("POST", "vigo/data/others", {"data": {"value": "x", "count": 3}})
    vault.refresh(["others"])
    first = vault.stamp("others")
    assert first
    assert dict(vault.read("others").fields) == {"value": "x", "count": "3"}
    real_bao.ask("DELETE", "vigo/data/others")
    vault.refresh(["others"])
    assert vault.stamp("others") == ""
    with pytest.raises(NotFoundError):
        vault.read("others")


def test_a_token_of_openbao_is_renewed_and_replaced_where_it_is_revoked(real_bao: Bao, opened: Opened) -> None:
    clock = FakeClock()
    vault = opened(real_bao.settings, clock)
    vault.put("renewed", {"value": "x"}, "ada")
    clock.advance(timedelta(seconds=50))
    assert vault.read("renewed").version == 1
    real_bao.ask("POST", "sys/leases/revoke-prefix/auth/approle/login")
    real_bao.ask("POST", "auth/token/tidy")
    assert vault.read("renewed").version == 1
    clock.advance(timedelta(hours=1))
    assert vault.read("renewed").version == 1


def test_openbao_that_does_not_let_vigo_in_says_so_and_tells_nothing(real_bao: Bao, opened: Opened) -> None:
    wrong = real_bao.folder / "wrong"
    wrong.write_text("11111111-2222-3333-4444-555555555555")
    vault = opened(real_bao.settings._replace(secret_id_file=wrong))
    with pytest.raises(UnavailableError, match="does not accept Vigo's AppRole") as caught:
        vault.read("a")
    assert "11111111" not in str(caught.value)


def test_openbao_keeps_its_own_keys(real_bao: Bao, opened: Opened) -> None:
    with pytest.raises(UsageError, match="change them there"):
        opened(real_bao.settings).rekey()


def test_openbao_refuses_what_its_policy_does_not_allow(real_bao: Bao, opened: Opened) -> None:
    vault = opened(real_bao.settings._replace(mount="secret"))
    with pytest.raises(UnavailableError, match="with status 403"):
        vault.read("a")


def test_openbao_that_is_not_there_is_unavailable(tmp_path: Path, opened: Opened) -> None:
    gone = Bao(tmp_path)
    (tmp_path / "secret-id").write_text("x")
    vault = opened(gone.settings._replace(ca_file=None))
    for ask in (vault.read, vault.history, lambda path: vault.refresh([path])):
        with pytest.raises(UnavailableError, match="to answer, found"):
            ask("a")
    assert vault.stamp("a") is None


def test_openbao_with_another_certificate_is_told_nothing(real_bao: Bao, opened: Opened) -> None:
    vault = opened(real_bao.settings._replace(ca_file=None))
    with pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        vault.read("a")


def test_plain_files_are_read_and_never_written(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "db").write_text("from a file\n")
    (tmp_path / "tls.json").write_text('{"key": "k", "certificate": "c"}')
    (tmp_path / "bad.json").write_text("[1]")
    store: SecretStore = PlainFiles(tmp_path, {"VIGO_SECRET_WEB_TOKEN": "from a variable"})
    reader: SecretReader = store
    assert dict(reader.read("web/db").fields) == {"value": "from a file\n"}
    assert dict(reader.read("web/token").fields) == {"value": "from a variable"}
    assert dict(reader.read("tls").fields) == {"key": "k", "certificate": "c"}
    assert [(one.path, bool(one.problem)) for one in store.listed()] == [
        ("bad", True),
        ("tls", False),
        ("web/db", False),
    ]
    assert [one.version for one in store.history("tls")] == [1]
    with pytest.raises(DamagedError):
        reader.read("bad")
    with pytest.raises(NotFoundError):
        reader.read("none")
    before = reader.stamp("web/db")
    (tmp_path / "web" / "db").write_text("another")
    assert reader.stamp("web/db") not in (before, "", None)
    assert (reader.stamp("none"), reader.stamp("bad")) == ("", None)
    refusals: list[Callable[[], object]] = [
        lambda: store.put("a", {"value": "x"}, "ada"),
        lambda: store.remove("tls"),
    ]
    for refused in refusals:
        with pytest.raises(UsageError, match="only reads"):
            refused()
    with pytest.raises(UsageError, match="under no key"):
        store.rekey()


def test_the_local_vault_keeps_the_newest_versions(tmp_path: Path) -> None:
    vault = local(tmp_path)
    for number in range(KEPT_VERSIONS + 3):
        vault.put("a", {"value": str(number)}, "ada")
    assert [one.version for one in vault.history("a")] == list(range(KEPT_VERSIONS + 3, 3, -1))
