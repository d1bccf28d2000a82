"""Takes what a task prints."""


class Printed:
    """All that was printed."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, data: bytes) -> None:
        self.data += data
