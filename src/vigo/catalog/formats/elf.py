"""The header of a program, which tells the processor of a file tree in which nothing runs."""

_MAGIC = b"\x7fELF"
_HEADER_BYTES = 20
_ORDER_OFFSET, _MACHINE = 5, slice(18, 20)
_MACHINES: dict[tuple[int, bool], str] = {
    (3, True): "i686",
    (21, False): "ppc64",
    (21, True): "ppc64le",
    (22, False): "s390x",
    (40, True): "arm",
    (62, True): "x86_64",
    (183, True): "aarch64",
    (243, True): "riscv64",
    (258, True): "loongarch64",
}


def machine_of(program: bytes) -> str:
    """Return the processor as uname(1) names it, or an empty text where this is no program or of an unknown one.

    Source: elf(5), e_ident and e_machine.
    """
    if program[:4] != _MAGIC or len(program) < _HEADER_BYTES:
        return ""
    is_little = program[_ORDER_OFFSET] == 1
    number = int.from_bytes(program[_MACHINE], "little" if is_little else "big")
    return _MACHINES.get((number, is_little), "")
