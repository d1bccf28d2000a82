from tests.cli.desk import Desk


def test_channels_are_listed_and_tried(desk: Desk) -> None:
    assert "no channels" in desk.here("notify", "channels").err
    assert desk.here("notify", "list").err == "nobody was told anything\n"
    # Nothing listens on port 1.
    channel = (
        "{name: chat, type: slack, url: 'https://127.0.0.1:1/x', allow_near: true, events: [generation-published]}"
    )
    desk.server.folder.notifications.write_text(f"channels: [{channel}]\n")
    desk.server.app.notifications.reload()
    assert desk.here("notify", "channels").rows[1] == ["chat", "slack", "generation-published", "all", "0", "0"]
    tried = desk.here("notify", "test", "chat")
    assert (tried.status, "chat did not take it: https://127.0.0.1:1" in tried.err) == (1, True)
    unknown = desk.here("notify", "test", "chatter")
    assert (unknown.status, "(chat)" in unknown.err) == (1, True)
    desk.do(desk.server.publish())
    desk.do(desk.server.app.notifications.look())
    row = desk.here("notify", "list", "--state", "waiting").rows[1]
    assert row[2:5] == ["chat", "generation-published", "waiting"]
    again = desk.here("notify", "retry", row[0])
    assert (again.status, "did not take it" in again.err) == (1, True)
