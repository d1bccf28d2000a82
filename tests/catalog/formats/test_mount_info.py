from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.mount_info import LiveMount, mount_that_holds, parse_mount_info, path_within
from vigo.catalog.formats.octal_escapes import escaped

PATHS = st.text(st.sampled_from("ab \t\n\\é-"), min_size=1, max_size=8).map(lambda name: f"/{name}")
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
OPTIONS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
MOUNTS = st.builds(
    LiveMount,
    number=st.just("8:1"),
    root=PATHS,
    path=PATHS,
    options=OPTIONS,
    fstype=NAMES,
    source=PATHS,
    of_filesystem=OPTIONS,
)


def line_of(mount: LiveMount) -> str:
    words = f"36 35 {mount.number} {escaped(mount.root)} {escaped(mount.path)} {','.join(mount.options)} shared:1"
    return f"{words} - {mount.fstype} {escaped(mount.source)} {','.join(mount.of_filesystem)}\n"


@given(st.lists(MOUNTS))
def test_the_kernels_table_is_read_back(mounts: list[LiveMount]) -> None:
    assert parse_mount_info("".join(map(line_of, mounts))) == tuple(mounts)


@given(st.text() | st.text(st.sampled_from("0 1:/-\n\\,a")))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_mount_info(text)


def mount(path: str, root: str = "/") -> LiveMount:
    return LiveMount(number="8:1", root=root, path=path, options=(), fstype="ext4", source="x")


def test_a_path_lies_in_the_innermost_mount_and_there_in_the_last() -> None:
    mounts = [mount("/"), mount("/srv"), mount("/srv", "/top"), mount("/srv2")]
    assert mount_that_holds(mounts, "/srv/a") is mounts[2]
    assert mount_that_holds(mounts, "/srv") is mounts[2]
    assert mount_that_holds(mounts, "/srvx") is mounts[0]
    assert mount_that_holds([], "/srv") is None


def test_a_path_has_a_place_in_its_file_system() -> None:
    assert path_within(mount("/"), "/srv/a") == "/srv/a"
    assert path_within(mount("/srv", "/top"), "/srv/a") == "/top/a"
    assert path_within(mount("/srv"), "/srv") == "/"
    assert path_within(mount("/", "/@"), "/") == "/@"
