from pathlib import Path

from vigo.agent.local_machine import LocalMachine
from vigo.catalog.scan import collectors
from vigo.core.clock import SystemClock
from vigo.core.encoding import digest_of
from vigo.core.traits import pack_traits


def test_this_machine_tells_its_traits_and_tells_the_same_again() -> None:
    first = LocalMachine(None, "enrolled-1", SystemClock()).collect({})
    # What the machine does not have (df, a package tool) is told; what every Linux machine has is there.
    assert set(first.traits) | set(first.failures) == set(collectors())
    assert set(first.traits) >= {"agent", "hardware", "memory", "network", "os", "time", "users"}
    assert first.traits["os"]["kernel"]
    assert first.traits["os"]["arch"]
    assert first.traits["hardware"]["memory_bytes"] == first.traits["memory"]["total_bytes"] > 0
    assert first.traits["agent"]["memory_bytes"] > 0
    assert "root" in first.traits["users"]["system"]
    assert pack_traits(first.traits)
    second = LocalMachine(None, "enrolled-1", SystemClock()).collect(first.cache)
    still = first.traits.keys() - {"agent", "memory", "users"}  # the machine works meanwhile
    assert all(digest_of(second.traits[name]) == digest_of(first.traits[name]) for name in still)


def test_an_empty_image_goes_by_the_name_that_it_is_enrolled_by(tmp_path: Path) -> None:
    collected = LocalMachine(str(tmp_path), "web-1.example.com", SystemClock()).collect({})
    assert collected.traits["network"]["hostname"] == "web-1.example.com"
    assert collected.traits["network"]["fqdn"] == "web-1.example.com"
    assert collected.traits["os"]["family"] == "linux"


def test_an_image_tells_its_own_system_name_and_people(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=alpine\nVERSION_ID=3.19.1\n")
    (tmp_path / "etc/hostname").write_text("edge-1\n")
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    traits = LocalMachine(str(tmp_path), "web-1", SystemClock()).collect({}).traits
    assert (traits["os"]["family"], traits["os"]["version"], traits["os"]["kernel"]) == ("alpine", "3.19.1", "")
    assert traits["network"]["hostname"] == "edge-1"
    assert list(traits["users"]["human"]) == ["ann"]
    assert not traits["network"]["interfaces"]
