"""What taints a kernel, by the names of reasons. Pure: numbers and letters in, names out.

Source: the kernel's admin-guide/tainted-kernels; the letters of one module stand in /proc/modules in brackets.
"""

_REASONS = (
    ("P", "proprietary_module"),
    ("F", "forced_module"),
    ("S", "out_of_specification"),
    ("R", "forced_unload"),
    ("M", "machine_check"),
    ("B", "bad_page"),
    ("U", "user_request"),
    ("D", "oops"),
    ("A", "acpi_override"),
    ("W", "warning"),
    ("C", "staging_module"),
    ("I", "firmware_workaround"),
    ("O", "out_of_tree_module"),
    ("E", "unsigned_module"),
    ("L", "soft_lockup"),
    ("K", "live_patch"),
    ("X", "of_the_distribution"),
    ("T", "randomised_structures"),
    ("N", "test"),
    ("J", "firmware_debugging"),
)
"""The letter and our name of each bit, from the lowest."""
_BY_LETTER = dict(_REASONS)


def kernel_taints(number: int) -> tuple[str, ...]:
    """Return why a kernel is tainted, by the number that /proc/sys/kernel/tainted has; an unknown bit is `bit_N`."""
    bits = (bit for bit in range(number.bit_length()) if number >> bit & 1)
    return tuple(_REASONS[bit][1] if bit < len(_REASONS) else f"bit_{bit}" for bit in bits)


def module_taints(letters: str) -> tuple[str, ...]:
    """Return how one module taints the kernel, sorted; a letter without a name here is told as itself."""
    return tuple(sorted({_BY_LETTER.get(letter, letter) for letter in letters}))
