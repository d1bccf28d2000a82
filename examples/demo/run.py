"""The main job of Vigo, run for real on this machine: `make demo`, or `make demo ONCE=1` to check it and end.

Everything stands in one temporary folder and listens on loopback; nothing else of the machine is touched.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

from processes import FactError
from story import Story

OK, FAILED, INTERRUPTED = 0, 1, 130
COLOURS = {"ok": "32", "FAIL": "31", "note": "2"}


def main(arguments: list[str]) -> int:
    """Show every fact; then stay until Ctrl-C, or end with `--once`. Return the exit status."""
    if arguments not in ([], ["--once"]):
        sys.stderr.write(f"demo: expected no argument or --once, found {' '.join(arguments)}\n")
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="vigo-demo-"))
    story = Story(folder)
    try:
        with closing(story):
            holds = shown(story)
            if holds and not arguments:
                stay(story, folder)
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        print("\nended; everything is removed")
        return INTERRUPTED if arguments else OK
    if not holds:
        print(f"the data folder, the machines and all logs: {folder}")
        return FAILED
    shutil.rmtree(folder)
    return OK


def shown(story: Story) -> bool:
    """Return whether every fact holds. Prints a line for each, and the logs where one does not."""
    for fact, show in story.facts():
        try:
            print(f"{coloured('ok')}    {fact}: {show()}", flush=True)
        except FactError as error:
            print(f"{coloured('FAIL')}  {fact}: {error}", flush=True)
            for name, lines in story.logs():
                print(f"--- {name}\n{lines}")
            return False
    return True


def stay(story: Story, folder: Path) -> None:
    """Tell where everything is, and stay until Ctrl-C."""
    cli = story.server.cli
    print(
        f"""
The server is at {story.server.api}. It and the three envoys stay up until Ctrl-C. In another terminal:

  {cli} envoys list
  {cli} runs list --limit 5
  rm {story.web_1.root}/srv/site/current      # and look again a second later

  # The policy is in {story.server.stacks}; edit it, then:
  {cli} config validate
  {cli} config publish -m 'My change'

{coloured("note", f"All of it, logs included, is in {folder} and goes with the demo.")}""",
        flush=True,
    )
    threading.Event().wait()


def coloured(word: str, text: str | None = None) -> str:
    """Return a text in the colour of a word, where the terminal has colours and nobody asked for none."""
    shown_text = word if text is None else text
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return shown_text
    return f"\033[{COLOURS[word]}m{shown_text}\033[0m"


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
