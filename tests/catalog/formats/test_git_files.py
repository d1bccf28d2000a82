from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.git_files import (
    Pointer,
    is_ref,
    origin_address,
    parse_packed_refs,
    parse_pointer,
    parse_remote_refs,
    was_fetched,
)

A, B = "a" * 40, "b" * 64
TEXTS = st.text(max_size=200) | st.from_regex(r"[ \t\n\[\]\"\\=#;a-z/.:{}^0-9]{0,120}")


def test_a_pointer_is_an_id_or_names_a_ref() -> None:
    assert parse_pointer(f"{A}\n") == Pointer(id=A)
    assert parse_pointer(f"{B}\n") == Pointer(id=B)
    assert parse_pointer("ref: refs/heads/main\n") == Pointer(ref="refs/heads/main")
    for text in (
        None,
        "",
        "x",
        "ref: ../x",
        "ref: refs/../../x",
        "ref: /etc/x",
        "ref: refs/heads/a b",
        A[1:],
        "A" * 40,
    ):
        assert parse_pointer(text) == Pointer()


@given(TEXTS)
def test_no_ref_leads_out_of_the_folder_of_refs(text: str) -> None:
    pointer = parse_pointer(f"ref: {text}")
    for name in (pointer.ref, *parse_packed_refs(f"{A} {text}\n"), *parse_remote_refs(f"{A}\t{text}\n").ids):
        if name not in (None, "HEAD"):
            assert is_ref(name)
            assert name.startswith("refs/")
            assert not {"", ".", ".."} & set(name.split("/"))


def test_packed_refs_give_the_commits_of_annotated_tags() -> None:
    text = f"# pack-refs with: peeled fully-peeled sorted \n{A} refs/remotes/origin/main\n{B} refs/tags/v1\n^{A}\n"
    assert parse_packed_refs(text) == {"refs/remotes/origin/main": A, "refs/tags/v1": A}


def test_without_peeling_no_tag_is_taken_for_a_commit() -> None:
    assert parse_packed_refs(f"{A} refs/tags/v1\n{A} refs/heads/x\n") == {"refs/heads/x": A}


def test_a_damaged_line_does_not_give_its_commit_to_another_ref() -> None:
    text = f"# pack-refs with: peeled fully-peeled \n{A} refs/tags/v1\nx y\n^{B}\n"
    assert parse_packed_refs(text) == {"refs/tags/v1": A}


def test_the_address_of_origin_is_read_as_git_reads_it() -> None:
    for text in (
        '[remote "origin"]\n\turl = /srv/x\n',
        '[Remote "origin"] URL=/srv/x # ours\n',
        '[core]\n\turl = /a\n[remote "other"]\n\turl = /b\n[remote "origin"]\n\turl = "/srv/x" ; ours\n[x]\nurl = /c\n',
        '[remote "origin"]\n\turl = /srv\\\n/x\n',
    ):
        assert origin_address(text) == "/srv/x", text
    assert origin_address('[remote "origin"]\n\turl = "a\\"b#c"\n') == 'a"b#c'


def test_without_one_address_there_is_none() -> None:
    for text in (
        None,
        "",
        '[remote "origin"]\n',
        "[remote.origin]\nurl = x\n",
        '[remote "origin"]\nurl = a\nurl = b\n',
    ):
        assert origin_address(text) is None


def test_a_remote_tells_its_refs_and_its_default_branch() -> None:
    told = parse_remote_refs(
        f"ref: refs/heads/main\tHEAD\n{A}\tHEAD\n{A}\trefs/heads/main\n{B}\trefs/tags/v1\n{A}\trefs/tags/v1^{{}}\n"
    )
    assert told.head == "refs/heads/main"
    assert told.ids == {"HEAD": A, "refs/heads/main": A, "refs/tags/v1": A}


@given(TEXTS)
def test_any_text_is_read(text: str) -> None:
    parse_pointer(text)
    origin_address(text)
    origin_address(f'[remote "origin"]\nurl = {text}')
    ids = {*parse_packed_refs(text).values(), *parse_remote_refs(text).ids.values()}
    assert all(len(one) in (40, 64) for one in ids)


def test_a_fetch_names_the_commits_that_it_found() -> None:
    assert was_fetched(f"{A}\tnot-for-merge\tbranch 'x' of y\n{B}\t\tbranch 'main' of y\n", B)
    assert not was_fetched(f"{B}\t\tbranch\n", A)
    assert not was_fetched(None, A)
