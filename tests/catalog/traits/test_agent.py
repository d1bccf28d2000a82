import vigo
from tests.catalog.traits.hosts import debian, image
from vigo.catalog.traits.agent import AgentTraits, collect_agent


def test_the_agent_tells_its_version_and_what_it_uses() -> None:
    assert collect_agent.collect(debian()) == AgentTraits(
        version=vigo.__version__, memory_bytes=30_720_000, cpu_seconds=2
    )


def test_in_an_image_its_use_is_not_known() -> None:
    assert collect_agent.collect(image()) == AgentTraits(version=vigo.__version__, memory_bytes=None, cpu_seconds=None)
