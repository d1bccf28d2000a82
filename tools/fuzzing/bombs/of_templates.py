"""Templates and conditions that never end, grow, or have very many names to look up."""

from typing import Any

from tools.fuzzing.bombs.stacks import Files, crate, entries, with_conditions, with_content

GREEDY = "{% for x in range(1000) %}{% for y in range(150) %}{% endfor %}{% endfor %}"
"""A template that is just within what one may take."""


def greedy_template_in_a_loop(size: int) -> Files:
    """Return a greedy template that a loop stamps very often."""
    one = {"name": "a{{ item }}", "type": "file", "path": "/{{ item }}", "content": GREEDY}
    return {"configcrates/web.vgo": crate([one], foreach=f"{{{{ range({20 * size}) }}}}")}


def greedy_condition_in_a_loop(size: int) -> Files:
    """Return a greedy condition that a loop stamps very often."""
    when = "range(30000) | map('string') | list | length > vars.x + item"
    one = {"name": "a{{ item }}", "type": "package", "when": when}
    return {"configcrates/web.vgo": crate([one], vars={"x": 1}, foreach=f"{{{{ range({20 * size}) }}}}")}


def greedy_names_in_a_loop(size: int) -> Files:
    """Return a greedy name, and a greedy relation."""
    one = {"name": f"a{{{{ item }}}}{GREEDY}", "type": "package", "package": "x{{ item }}", "before": [f"b{GREEDY}"]}
    return {"configcrates/web.vgo": crate([one], foreach=f"{{{{ range({20 * size}) }}}}")}


def greedy_loops(size: int) -> Files:
    """Return very many loops over lists that take long to make."""
    loop = "{{ range(90000) | map('string') | list }}"
    return {"configcrates/web.vgo": crate([{"name": f"a{n}", "type": "group", "foreach": loop} for n in range(size)])}


def greedy_entries(size: int) -> Files:
    """Return a greedy template that each of many entries has with a variable of its own."""
    found = [{"match": f"h{n}", "configcrates": ["web"], "vars": {"x": n}} for n in range(2 * size)]
    return {"configcrates/web.vgo": with_content(GREEDY + "{{ vars.x }}"), "envoys.vgo": entries(found)}


def greedy_mistakes(size: int) -> Files:
    """Return templates that take long and then fail, which are rendered again to find the place."""
    texts = [f"{GREEDY}{{{{ vars.none }}}}{n}" for n in range(size)] + [
        f"{GREEDY}{{{{ vars.x.y.z }}}}{n}" for n in range(size)
    ]
    resources = [{"name": f"a{n}", "type": "file", "path": f"/{n}", "content": text} for n, text in enumerate(texts)]
    return {"configcrates/web.vgo": crate(resources, vars={"none": None, "x": {"y": {}}})}


def large_texts(size: int) -> Files:
    """Return a template that makes a megabyte, in a loop."""
    one = {"name": "a{{ item }}", "type": "file", "path": "/{{ item }}", "content": "{{ item }}{{ 'x' * 1000000 }}"}
    return {"configcrates/web.vgo": crate([one], foreach=f"{{{{ range({size}) }}}}")}


def large_files(size: int) -> Files:
    """Return a large file of the stacks that very many resources take."""
    one = {"name": "a{{ item }}", "type": "file", "path": "/{{ item }}", "source": "files/{{ ['x', 'y'][item % 2] }}"}
    files: Files = {"files/x": b"\xff\x00bytes" * 500 * size, "files/y": b"text, " * 500 * size}
    return {"configcrates/web.vgo": crate([one], foreach=f"{{{{ range({size}) }}}}"), **files}


def large_items(size: int) -> Files:
    """Return large items of a loop, which go to the machine with each resource."""
    one = {
        "name": "a{{ item[0] }}",
        "type": "file",
        "path": "/{{ item[0] }}",
        "content": "{{ traits.os.id }}{{ item }}",
    }
    many = [[n, ["x"] * size] for n in range(size // 4)]
    return {"configcrates/web.vgo": crate([one], vars={"many": many}, foreach="{{ vars.many }}")}


def deep_expressions(size: int) -> list[Files]:
    """Return expressions in expressions, each as a condition and as a template."""
    deep = 20 * size
    found = ["(" * deep + "1" + ")" * deep, "not " * deep + "true", "[" * deep, "-" * deep + "1"]
    found += ["{'a': " * deep, "vars" + "[0]" * deep, "vars" + ".a" * deep, "1" + " | upper" * deep, "os_id(" * deep]
    found += ["1" + "+1" * deep, "1" + " and 1" * deep, "1" + " ~ 1" * deep, "1" + "**1" * deep, "1 in " * deep + "[]"]
    found += ["1" + " if 1 else 1" * deep, "1" + " == 1" * deep, "vars" + ".a()" * deep, "1" + " is defined" * deep]
    conditions: list[Files] = [{"configcrates/web.vgo": with_conditions(one)} for one in found]
    return conditions + [{"configcrates/web.vgo": with_content(f"{{{{ {one} }}}}")} for one in found]


def deep_blocks(size: int) -> Files:
    """Return blocks in blocks."""
    deep = 10 * size
    pairs = (
        ("{% if 1 %}", "{% endif %}"),
        ("{% for x in [1] %}", "{% endfor %}"),
        ("{% macro m() %}", "{% endmacro %}"),
    )
    return {"configcrates/web.vgo": with_content(*(begin * deep + end * deep for begin, end in pairs))}


def deep_values(size: int) -> Files:
    """Return values that templates nest, without end if they could."""
    grow = "{% set x = [x] %}" * 10 * size
    space = (
        f"{{% set ns = namespace(x=1) %}}{{% for i in range({100 * size}) %}}{{% set ns.x = [ns.x] %}}{{% endfor %}}"
    )
    return {"configcrates/web.vgo": with_content(f"{{% set x = 1 %}}{grow}{{{{ x }}}}", f"{space}{{{{ ns.x }}}}")}


def marks_in_quotes(size: int) -> list[Files]:
    """Return right templates, with what opens tags, comments and brackets in texts in quotes."""
    marks = ("{#", "{{", "{%", "{% raw %}", "(", "'", '"', "| x", "is x", "vars.a", "os_id(", "\\\\", "{{ '")
    texts = [f"{{{{ '{mark * 50 * size}' }}}}" for mark in marks] + [
        f'{{{{ "{mark * 50 * size}" }}}}' for mark in marks
    ]
    return [{"configcrates/web.vgo": with_content(text)} for text in texts]


def marks_without_end(size: int) -> list[Files]:
    """Return what opens tags again and again, and nothing closes it."""
    marks = ("{#", "{{", "{%", "{% raw %}", "{{ '", '{{ "', "{{ (", "{% if 1 %}", "{{ x | ", "{{ os_id(")
    return [{"configcrates/web.vgo": with_content(mark * 50 * size)} for mark in marks]


def spaces(size: int) -> Files:
    """Return very much space wherever space may be."""
    gap = " " * 100 * size
    parts = (
        "{{",
        "vars.x",
        "==",
        "'a'",
        "}}{%",
        "if vars.x",
        "is",
        "not",
        "defined",
        "%}{%",
        "endif",
        "%}{{",
        "vars.x",
        "|",
        "upper",
        "}}",
    )
    return {
        "configcrates/web.vgo": with_content(gap.join(parts), f"{{{{ vars.x{gap}", f"{{%{gap}"),
        "configcrates/b.vgo": with_conditions(gap.join(("vars.x", "==", "'a'", "and", "(", "vars.x", "<", "3", ")"))),
    }


def many_names(size: int) -> Files:
    """Return very many variables in one template, one of which is not there."""
    return {"configcrates/web.vgo": with_content("".join(f"{{{{ vars.x{n}.y }}}} " for n in range(5 * size)))}


def many_unknown_roots(size: int) -> Files:
    """Return very many unknown names in one template."""
    return {"configcrates/web.vgo": with_content("".join(f"{{{{ x{n} }}}}\n" for n in range(5 * size)))}


def many_unknown_filters(size: int) -> Files:
    """Return very many filters and tests that there are not."""
    return {"configcrates/web.vgo": with_content("".join(f"{{{{ 1 | f{n} is t{n} }}}}\n" for n in range(5 * size)))}


def many_calls(size: int) -> Files:
    """Return very many calls of predicates, each with a wrong argument."""
    return {
        "configcrates/web.vgo": with_content("".join(f"{{{{ port_listening({n}+70000) }}}}\n" for n in range(5 * size)))
    }


def many_traits(size: int) -> Files:
    """Return very many traits that there are not."""
    return {"configcrates/web.vgo": with_content("".join(f"{{{{ traits.os.x{n} }}}}\n" for n in range(5 * size)))}


def many_templates(size: int) -> Files:
    """Return very many short templates, each another one."""
    return {"configcrates/web.vgo": with_content(*(f"{{{{ {n} }}}}{{{{ traits.os.id }}}}" for n in range(10 * size)))}


def values_that_no_bundle_holds(size: int) -> list[Files]:
    """Return values that a template makes and that no file could hold, as items, fields and names."""
    values = [
        "2 ** 100",
        "{1: 2, 'a': 3}",
        "{(1, 2): 3}",
        "{none: 1}",
        "vars.m.items()",
        "vars.m | items",
        "1e308 * 10",
    ]
    values += [
        "vars.m | tojson",
        "debug()",
        "vars.m | dictsort",
        f"'x' * {size}",
        "vars.m.keys()",
        "-(2 ** 64)",
        "joiner(',')",
    ]
    resources: list[dict[str, Any]] = []
    for n, value in enumerate(values):
        on_machine = {"type": "file", "path": f"/{n}", "content": "{{ traits.os.id }}{{ item }}"}
        resources += [
            {"name": f"a{n}", "foreach": f"{{{{ [{value}] }}}}", **on_machine},
            {"name": f"b{n}", "type": "exec", "command": ["x"], "creates": "/b", "returns": f"{{{{ [{value}] }}}}"},
            {"name": f"c{n}", "type": "user", "user": f"c{n}", "uid": f"{{{{ {value} }}}}"},
            {"name": f"d{n}{{{{ {value} }}}}", "type": "package", "package": f"d{n}"},
            {
                "name": f"e{n}",
                "type": "exec",
                "command": ["x"],
                "creates": "/e",
                "environment": f"{{{{ {{'a': {value}}} }}}}",
            },
        ]
    return [{"configcrates/web.vgo": crate([one], vars={"m": {"a": 1}})} for one in resources]
