"""The page of every key of a recipe, from the tables that read one."""

from collections import defaultdict

from tables import escaped, table

from bsgrow.recipe.keys import Key, recipe_keys

_INTRODUCTION = """# Keys of a recipe

Every key with its type, default, range and unit. `bsgrow recipes schema` prints the same as a
JSON schema, with which editors complete and check a recipe. Arguments of a model (`model.depth`)
and of a curve (`schedule.curve.T_max`) are those of the architecture and of
`torch.optim.lr_scheduler`.
"""


def keys_page() -> str:
    """Return a page of Markdown with each key, a section for each table."""
    tables, texts = defaultdict[str, list[Key]](list), dict[str, str]()
    keys = recipe_keys()
    named = {key.name.partition(".")[0] for key in keys if "." in key.name}
    for key in keys:
        if key.name in named:
            texts[key.name] = key.text
        else:
            tables[key.name.partition(".")[0] if "." in key.name else ""].append(key)
    lines = [_INTRODUCTION]
    for name, inner in tables.items():
        lines += [f"## {name or 'Outside of tables'}", "", texts.get(name, ""), ""]
        lines += table(("key", "type", "default", "what it is"), map(_row, inner))
    return "\n".join(lines) + "\n"


def _row(key: Key) -> tuple[str, str, str, str]:
    bounds = ", ".join(filter(None, (key.range, key.unit)))
    kind = f"{key.type}, {bounds}" if bounds else key.type
    default = "–" if key.default is None else f"`{_as_toml(key.default)}`"
    return f"`{key.name}`", escaped(kind), default, escaped(key.text)


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return str(value)
