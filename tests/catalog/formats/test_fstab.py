from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.fstab import FstabEntry, fstab_entries, with_entry, without_entries

WORDS = st.text(st.sampled_from("ab/# \t\\é=,"), min_size=1, max_size=8).filter(lambda word: word != "/")
TABLES = st.lists(
    st.sampled_from(
        [
            "# a comment",
            "",
            "   ",
            "broken",
            "/dev/sda1 / ext4",
            "/dev/sdb1\t/srv  ext4 noatime 0 2",
            "tmpfs /tmp tmpfs size=1G x y",
            "/swapfile none swap sw 0 0",
            "a b c d e f g # behind",
        ]
    )
    | st.text(max_size=12),
    max_size=6,
).map("\n".join)


def is_meant(entry: FstabEntry) -> bool:
    return entry.path == "/srv"


def entries(text: str) -> tuple[FstabEntry, ...]:
    return fstab_entries(text, lambda _: True)


@given(TABLES, st.builds(FstabEntry, device=WORDS, path=st.just("/srv"), fstype=WORDS, options=WORDS))
def test_an_entry_that_is_put_in_is_read_back_and_no_other_line_changes(text: str, entry: FstabEntry) -> None:
    after = with_entry(text, entry, is_meant)
    assert fstab_entries(after, is_meant)[0] == entry
    assert with_entry(after, entry, is_meant) == after
    others = [line for line in text.split("\n") if line and not fstab_entries(line, is_meant)]
    assert [line for line in after.split("\n") if line and not fstab_entries(line, is_meant)] == others


@given(TABLES)
def test_entries_that_are_taken_out_are_gone_and_no_other_line_changes(text: str) -> None:
    after = without_entries(text, is_meant)
    assert fstab_entries(after, is_meant) == ()
    kept = [line for line in text.split("\n") if not fstab_entries(line, is_meant)]
    assert after == "\n".join(kept)


@given(st.text() | TABLES)
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(entry.device and entry.path for entry in entries(text))


def test_what_a_line_leaves_out_has_the_value_that_it_stands_for() -> None:
    (entry,) = entries(" /dev/sda1   /srv/ ext4\n")
    assert entry == FstabEntry(device="/dev/sda1", path="/srv", fstype="ext4", options="defaults", dump=0, pass_=0)
    (four,) = entries("/dev/sda1 / ext4 ro 1\n")
    assert (four.path, four.options, four.dump, four.pass_) == ("/", "ro", 1, 0)
