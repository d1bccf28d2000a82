"""Texts that YAML, or the search for a mistake in them, could choke on."""

import json

from tools.fuzzing.bombs.stacks import Files, crate, entries


def tags(size: int) -> Files:
    """Return very many tags, of a kind that other loaders run."""
    return {"configcrates/web.vgo": "vars: [" + "!!python/object/apply:os.system x, " * 20 * size + "]"}


def long_tags(size: int) -> Files:
    """Return a tag of a megabyte."""
    return {"configcrates/web.vgo": f"%TAG ! tag:{'x' * 1_000 * size},2000:\n--- !a {{configcrate: web}}\n"}


def laughs(size: int) -> Files:
    """Return lists of nine aliases of lists of nine aliases, and so on."""
    levels = range(1, max(size // 10, 3))
    lines = [f"  a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in levels]
    return {"configcrates/web.vgo": "configcrate: web\nvars:\n  a0: &a0 [x, x]\n" + "".join(lines)}


def laughing_maps(size: int) -> Files:
    """Return the same of maps, in a data file, each anchor set anew."""
    level = "{" + ", ".join(f"k{key}: *a" for key in range(9)) + "}"
    lines = "".join(f"m{number}: &a {level}\n" for number in range(max(size // 10, 3)))
    return {"data/x.yaml": f"m: &a x\n{lines}", "configcrates/web.vgo": crate(vars_from=["data/x.yaml"])}


def laughing_names(size: int) -> Files:
    """Return names that aliases repeat, wherever lists of names stand."""
    many = ", ".join(["*a"] * 20 * size)
    return {
        "envoys.vgo": f"envoys:\n  - {{match: [&a web, {many}], roles: [{many}], configcrates: [{many}]}}\n",
        "roles.vgo": f"roles: {{web: {{includes: [&a wub, {many}], configcrates: [{many}]}}}}\n",
    }


def repeated_resources(size: int) -> Files:
    """Return one resource that aliases repeat: all errors of all of them stand at one place."""
    one = "{name: a, type: file, path: /a, content: '{{ vars.a }}{{ vars.b }}', mode: 9, x: 1}"
    return {"configcrates/web.vgo": f"configcrate: web\nresources: [&a {one}{', *a' * 20 * size}]\n"}


def depth_of_lists(size: int) -> Files:
    """Return lists in lists, open and closed."""
    deep = 100 * size
    return {"envoys.vgo": "[" * deep, "configcrates/web.vgo": f"configcrate: web\nvars: {'[' * deep}{']' * deep}\n"}


def depth_of_maps(size: int) -> Files:
    """Return maps in maps, in each form that YAML has for them."""
    deep = 100 * size
    return {"envoys.vgo": "{a: " * deep, "roles.vgo": "? " * deep, "common.vgo": "- " * deep}


def depth_of_blocks(size: int) -> Files:
    """Return blocks in blocks, each line further to the right."""
    return {"envoys.vgo": "".join(f"{' ' * level}a:\n" for level in range(2 * size))}


def depth_of_json(size: int) -> Files:
    """Return maps in maps in a data file."""
    return {"data/x.json": '{"a":' * 100 * size, "configcrates/web.vgo": crate(vars_from=["data/x.json"])}


def duplicate_keys(size: int) -> Files:
    """Return one key again and again."""
    return {"configcrates/web.vgo": "configcrate: web\nvars: {" + "a: 1, " * 100 * size + "}"}


def many_keys(size: int) -> Files:
    """Return as many keys as a file may hold, all of them unknown."""
    keys = {f"a{number}": 1 for number in range(100 * size)}
    return {"configcrates/web.vgo": json.dumps({"configcrate": "web", "vars": keys}), "roles.vgo": json.dumps(keys)}


def huge_numbers(size: int) -> Files:
    """Return numbers of a million digits in every form, untyped and in fields."""
    digits = "9" * 1_000 * size
    numbers = (
        f"{{a: {digits}, b: -{digits}, c: 0x{digits}, d: 1e{digits}, e: {digits}.{digits}, f: .{digits}e-{digits}}}"
    )
    resource = f"{{name: a, type: user, uid: {digits}, timeout: {digits}s}}"
    return {"configcrates/web.vgo": f"configcrate: web\nvars: {numbers}\nresources: [{resource}]\n"}


def open_quotes(size: int) -> Files:
    """Return quotes that nothing closes."""
    lines = 100 * size
    return {"envoys.vgo": "a: 'x\n" * lines, "roles.vgo": 'a: "x\n' * lines, "common.vgo": "a: |\n  x'\n" * lines}


def wrong_lines(size: int) -> Files:
    """Return a mistake of layout behind very many lines."""
    return {
        "envoys.vgo": "  a\n" * 300 * size + " b: c: d\n",
        "roles.vgo": "\t\n" * 300 * size,
        "common.vgo": "a:\n b\n" * 100 * size,
        "environments.vgo": "a\n" * 300 * size + "b: c\n",
    }


def one_long_line(size: int) -> Files:
    """Return very many mistakes in one line."""
    return {"envoys.vgo": "envoys: [" + "{mtch: a, match: '~('}, " * 50 * size + "]\n"}


def line_breaks(size: int) -> Files:
    """Return every sign that may end a line."""
    return {
        "envoys.vgo": "\x85\u2028\u2029\r" * 100 * size + "envoys: [x]\n",
        "roles.vgo": "\r" * 1_000 * size + "x: [\n",
    }


def controls(size: int) -> Files:
    """Return what would control a terminal, in contents and in names of files."""
    return {
        "envoys.vgo": b"\x00" * 1_000 * size,
        "roles.vgo": 'roles: {\'\u202e\\e[2J\': 1, "\\e[2J": 1, "\\0": 1}\n',
        "x\x1b[2J\n/a.vgo": "a: [\n",
        "data/x.json": '{"a": "\\ud800", "b": "\\u0000"}',
        "configcrates/web.vgo": crate(vars_from=["data/x.json", "data/\x1b[31m"]),
    }


def regexes_that_try_everything(size: int) -> Files:
    """Return patterns that take very long to find out that a name does not match."""
    name = "a" * max(size // 10, 20)
    patterns = ("~(a+)+$", "~(a|aa)+$", "~(a|a?)+$", "~(.*a){20}", "~a*a*a*a*a*a*b", "~(?=(a+)+b)a*")
    test = {"name": "x", "host": f"{name}-b", "expect": {"environment": None}}
    matches = [{"match": pattern} for pattern in (*patterns, f"{name}-b", "*")]
    return {"envoys.vgo": json.dumps({"envoys": matches}), "tests/x.vgo": json.dumps({"tests": [test]})}


def deep_regexes(size: int) -> Files:
    """Return patterns with groups in groups, and with numbers that no pattern can have."""
    deep = f"{'(' * size}a{')' * size}"
    patterns = [f"~{deep}", f"~a{{{'9' * size}}}", f"~{'(?:' * size}", f"~{'[' * size}"]
    whens = " or ".join(f"hostname_matches('{pattern}')" for pattern in patterns)
    return {
        "envoys.vgo": entries([{"match": pattern} for pattern in patterns] + [{"match": "*", "configcrates": ["web"]}]),
        "configcrates/web.vgo": crate([{"name": "a", "type": "package", "when": whens}]),
    }


def long_regexes(size: int) -> Files:
    """Return a pattern of very many alternatives."""
    many = "|".join(f"host{number}[a-z]+" for number in range(20 * size))
    return {"envoys.vgo": entries([{"match": f"~{many}"}, {"match": "host7a"}])}


def many_globs(size: int) -> Files:
    """Return very many patterns that begin with a star, none of which covers another."""
    return {"envoys.vgo": entries([{"match": f"*a{number}*b*"} for number in range(3 * size)])}


def globs_of_stars(size: int) -> Files:
    """Return globs with a star at every other place, and a long name that nearly matches."""
    return {"envoys.vgo": entries([{"match": "*a" * size}, {"match": f"{'a' * size}b"}, {"match": "?*" * size}])}
