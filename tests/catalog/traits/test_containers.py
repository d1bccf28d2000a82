import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.containers import ContainerRuntime, ContainersTraits, collect_containers
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

A, B, C = "a" * 64, "b" * 64, "c" * 64
STORAGE = "/var/lib/containers/storage"
DOCKER: Files = {
    f"/var/lib/docker/containers/{A}/config.v2.json": "{}",
    f"/var/lib/docker/containers/{B}/config.v2.json": "{}",
    "/var/lib/docker/containers/note": "",
    f"/run/docker/runtime-runc/moby/{A}/state.json": "{}",
    f"/run/containerd/io.containerd.runtime.v2.task/moby/{A}/address": "x",
}
PODMAN: Files = {
    f"{STORAGE}/overlay-containers/{A}/userdata/config.json": "{}",
    f"{STORAGE}/overlay-containers/{B}/userdata/config.json": "{}",
    f"{STORAGE}/overlay-containers/containers.json": "[]",
    f"{STORAGE}/overlay/{C}/diff": FakeNode.directory(),
    f"/run/crun/{B}/status": "{}",
}


def runtimes(host: FakeHost) -> dict[str, ContainerRuntime]:
    found = collect_containers.collect(host)
    assert isinstance(found, ContainersTraits)
    return found.runtimes


def counted(containers: int | None, running: int | None) -> ContainerRuntime:
    return ContainerRuntime(containers=containers, running=running)


def test_docker_of_debian_stands_on_a_containerd_that_counts_without_it() -> None:
    files: Files = {**DOCKER, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/x1/address": "x"}
    host = debian(files, programs=("apt-get", "docker", "dockerd", "containerd"))
    assert runtimes(host) == {"containerd": counted(None, 1), "docker": counted(2, 1)}


def test_podman_of_red_hat_is_not_taken_for_docker() -> None:
    host = FakeHost({**redhat().snapshot(), **PODMAN}, programs=("dnf", "podman", "docker"))
    assert runtimes(host) == {"podman": counted(2, 1)}


def test_lxc_of_alpine_runs_what_has_a_control_group() -> None:
    files: Files = {
        "/var/lib/lxc/web/config": "lxc.uts.name = web\n",
        "/var/lib/lxc/db/config": "lxc.uts.name = db\n",
        "/var/lib/lxc/lxc-monitord.log": "",
        "/sys/fs/cgroup/lxc.payload.db": FakeNode.directory(),
        "/sys/fs/cgroup/lxc.payload.of-another": FakeNode.directory(),
    }
    host = FakeHost({**alpine().snapshot(), **files}, programs=("lxc-start",))
    assert runtimes(host) == {"lxc": counted(2, 1)}


def test_cri_o_keeps_its_containers_where_podman_does() -> None:
    assert runtimes(FakeHost(PODMAN, programs=("crio",))) == {"cri-o": counted(2, 1)}


def test_docker_is_looked_for_where_its_settings_put_it() -> None:
    files: Files = {
        "/etc/docker/daemon.json": '{"data-root": "/srv/docker", "proxies": {"http-proxy": "http://u:hunter2@p"}}',
        f"/srv/docker/containers/{A}/config.v2.json": "{}",
    }
    host = FakeHost(files, programs=("dockerd",))
    assert runtimes(host) == {"docker": counted(1, 0)}


def test_damaged_settings_of_docker_are_told_without_their_content() -> None:
    host = FakeHost({"/etc/docker/daemon.json": '{"http-proxy": "http://u:hunter2@p"'}, programs=("dockerd",))
    with pytest.raises(UnavailableError, match=r"daemon\.json") as raised:
        runtimes(host)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("host", [FakeHost(DOCKER), debian(), redhat(PODMAN), alpine()])
def test_without_a_program_there_is_no_runtime(host: FakeHost) -> None:
    assert runtimes(host) == {}


def test_in_an_image_nothing_runs_and_the_folders_still_speak() -> None:
    programs = ("dockerd", "containerd", "lxc-start")
    host = FakeHost({**KERNEL, **DOCKER}, programs=programs, image=True)
    assert runtimes(host) == {"containerd": counted(None, None), "docker": counted(2, None), "lxc": counted(0, None)}
    assert runtimes(image(DOCKER)) == {}


def test_unreadable_settings_are_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        runtimes(FakeHost(unreadable("/etc/docker/daemon.json"), programs=("dockerd",)))
