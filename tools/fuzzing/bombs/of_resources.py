"""Loops, relations, owners and names in such numbers that what takes the square of them never ends."""

import json

from tools.fuzzing.bombs.stacks import Files, crate, entries


def loops_of_many(size: int) -> Files:
    """Return a loop over a million items, each with a hundred resources."""
    many = [{"name": f"a{n}{{{{ item }}}}", "type": "package"} for n in range(100)]
    return {"configcrates/web.vgo": crate(many, foreach=f"{{{{ range({min(1_000 * size, 99_000)}) }}}}")}


def entries_with_loops(size: int) -> Files:
    """Return many entries that have many resources each, all of them different."""
    one = {"name": "a{{ item }}", "type": "file", "path": "/{{ item }}", "content": "{{ vars.x }}"}
    found = [{"match": f"h{n}", "configcrates": ["web"], "vars": {"x": n}} for n in range(size)]
    return {"configcrates/web.vgo": crate([one], foreach=f"{{{{ range({10 * size}) }}}}"), "envoys.vgo": entries(found)}


def one_owner_for_all(size: int) -> Files:
    """Return a loop whose resources all manage one path."""
    one = {"name": "a{{ item }}", "type": "file", "path": "/a", "foreach": f"{{{{ range({20 * size}) }}}}"}
    return {"configcrates/web.vgo": crate([one])}


def one_owner_by_conditions(size: int) -> Files:
    """Return resources with a condition each that all manage one path."""
    many = [{"name": f"a{n}", "type": "file", "path": "/a", "when": f"vars.x > {n}"} for n in range(5 * size)]
    return {"configcrates/web.vgo": crate(many, vars={"x": 1})}


def packages_in_lists(size: int) -> Files:
    """Return very many resources that install the same very many packages."""
    names = [f"p{n}" for n in range(size)]
    return {
        "configcrates/web.vgo": crate(
            [{"name": f"a{n}", "type": "package", "package": names} for n in range(size // 5)]
        )
    }


def crates_that_wait_for_each_other(size: int) -> Files:
    """Return two configcrates of which all of one comes before all of the other."""
    loop = f"{{{{ range({9 * size}) }}}}"
    return {
        "configcrates/a.vgo": crate([{"name": "a{{ item }}", "type": "package", "foreach": loop}], "a"),
        "configcrates/b.vgo": crate([{"name": "b{{ item }}", "type": "group", "foreach": loop}], "b", depends_on=["a"]),
        "envoys.vgo": entries([{"match": "*", "configcrates": ["a", "b"]}]),
    }


def chain_of_crates(size: int) -> Files:
    """Return many configcrates, each of which waits for all before it."""
    count = size // 5
    files: Files = {
        f"configcrates/{n}.vgo": crate(
            [{"name": "a", "type": "package", "package": f"p{n}"}], f"c{n}", depends_on=[f"c{i}" for i in range(n)]
        )
        for n in range(count)
    }
    return files | {"envoys.vgo": entries([{"match": "*", "configcrates": [f"c{n}" for n in range(count)]}])}


def all_wait_for_all(size: int) -> Files:
    """Return resources of which each waits for each before it."""
    many = [{"name": f"a{n}", "type": "package", "depends_on": [f"a{i}" for i in range(n)]} for n in range(size // 2)]
    return {"configcrates/web.vgo": crate(many)}


def long_chain(size: int) -> Files:
    """Return resources that wait for the next one each."""
    many = [{"name": f"a{n}", "type": "package", "depends_on": [f"a{n + 1}"]} for n in range(10 * size)]
    return {"configcrates/web.vgo": crate([*many, {"name": f"a{10 * size}", "type": "package"}])}


def long_circle(size: int) -> Files:
    """Return a circle of very many steps."""
    many = [{"name": f"a{n}", "type": "package", "depends_on": [f"a{(n + 1) % (10 * size)}"]} for n in range(10 * size)]
    return {"configcrates/web.vgo": crate(many)}


def unknown_references(size: int) -> Files:
    """Return very many references to nothing, each with very many names that could be meant."""
    many = [
        {"name": f"resource-{n}", "type": "package", "package": f"p{n}", "depends_on": [f"resorce-{n}"]}
        for n in range(10 * size)
    ]
    return {"configcrates/web.vgo": crate(many)}


def unknown_names(size: int) -> Files:
    """Return very many names of configcrates, roles and variables that there are not."""
    many = [f"configcrate-{n}" for n in range(10 * size)]
    roles = {name.replace("crate", "role"): {"configcrates": [name.replace("crate", "crte")]} for name in many}
    files: Files = {"roles.vgo": json.dumps({"roles": roles}, indent=0)}
    files |= {f"configcrates/{n}.vgo": crate([], name) for n, name in enumerate(many[:size])}
    return files | {"envoys.vgo": entries([{"match": "*", "roles": [name.replace("crate", "rle") for name in many]}])}


def unknown_variables(size: int) -> Files:
    """Return very many variables that are not there, beside very many that are."""
    many = [
        {"name": f"a{n}", "type": "file", "path": f"/{n}", "content": f"{{{{ vars.varable_{n} }}}}"}
        for n in range(3 * size)
    ]
    return {"configcrates/web.vgo": crate(many, vars={f"variable_{n}": n for n in range(3 * size)})}


def duplicate_names(size: int) -> Files:
    """Return one name again and again."""
    return {"configcrates/web.vgo": crate([{"name": "a", "type": "package"}] * 10 * size)}


def unknown_fields(size: int) -> Files:
    """Return very many fields that no kind has."""
    fields = {f"ownr{n}": "x" for n in range(20 * size)}
    return {"configcrates/web.vgo": crate([{"name": "a", "type": "file", "path": "/a", **fields}], defaults=fields)}


def roles_that_include_all(size: int) -> Files:
    """Return roles of which each includes all before it, for very many entries."""
    count = size // 3
    roles = {f"r{role}": {"includes": [f"r{one}" for one in range(role)]} for role in range(count)}
    found = [{"match": f"h{n}", "roles": [f"r{count - 1}"]} for n in range(size)]
    return {"roles.vgo": json.dumps({"roles": roles}), "envoys.vgo": entries(found)}


def roles_in_a_chain(size: int) -> Files:
    """Return roles that include the next one each, the last one the first."""
    count = 10 * size
    roles = {f"r{role}": {"includes": [f"r{(role + 1) % count}"], "vars": {"x": role}} for role in range(count)}
    return {"roles.vgo": json.dumps({"roles": roles}), "envoys.vgo": entries([{"match": "a", "roles": ["r0"]}])}


def data_that_many_take(size: int) -> Files:
    """Return one large data file that very many roles name."""
    data = json.dumps({f"key{n}": {"a": [1, 2, 3]} for n in range(20 * size)})
    names = [f"r{n}" for n in range(size // 5)]
    roles = {name: {"vars_from": ["data/x.json", "data/x.json"]} for name in names}
    return {
        "data/x.json": data,
        "roles.vgo": json.dumps({"roles": roles}),
        "envoys.vgo": entries([{"match": "a", "roles": names}]),
    }


def variables_of_many_entries(size: int) -> Files:
    """Return many variables that go to the machines of many entries, each with one of its own."""
    one = {"name": "a", "type": "file", "path": "/a", "content": "{{ traits.os.id }}{{ vars }}"}
    found = [{"match": f"h{n}", "configcrates": ["web"], "vars": {"x": n}} for n in range(2 * size)]
    return {
        "configcrates/web.vgo": crate([one]),
        "common.vgo": "vars_from: [data/x.json]\n",
        "data/x.json": json.dumps({f"key{n}": {"a": n} for n in range(5 * size)}),
        "envoys.vgo": entries(found),
    }


def folders_in_folders(size: int) -> Files:
    """Return folders in folders, each with a common.vgo and entries."""
    files: Files = {}
    for depth in range(size // 4):
        files["a/" * depth + "common.vgo"] = f"vars: {{x{depth}: 1}}\n"
        files["a/" * depth + "envoys.vgo"] = entries([{"match": f"h{depth}"}])
    return files


def many_files(size: int) -> Files:
    """Return very many files with a mistake each."""
    return {f"configcrates/{n}.vgo": f"configcrate: c{n}\nresources: [{{nam: a}}]\n" for n in range(10 * size)}


def many_tests(size: int) -> Files:
    """Return very many tests that name resources which templates could have named."""
    names = [{"name": f"a{{{{ 1 }}}}{n}{{{{ 2 }}}}", "type": "package"} for n in range(size)]
    tests = [
        {"name": f"t{n}", "host": f"h{n}", "expect": {"resources": {f"web/a{n}b": {}}, "absent": [f"web/x{n}"]}}
        for n in range(3 * size)
    ]
    return {"configcrates/web.vgo": crate(names), "tests/x.vgo": json.dumps({"tests": tests}, indent=0)}
