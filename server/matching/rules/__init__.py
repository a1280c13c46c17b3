"""The rules: one file each, found by listing this folder. A file holds one function named as the file, which
takes a `Comparison` (one service, one authorization) or a `Search` (one service, everything on file), and
`EXAMPLES`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from types import ModuleType

from server.matching.comparison import Comparison
from server.matching.rule import Rule
from server.matching.search import Search


def modules() -> tuple[ModuleType, ...]:
    """Every rule file, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def rule_of(module: ModuleType) -> tuple[Rule, type]:
    """The rule that a file holds, and what it looks at: Comparison or Search.

    Raises TypeError when the file lacks its function, the docstring, or an argument of one of these types.
    """
    name = module.__name__.rpartition(".")[2]
    function = getattr(module, name, None)
    if not inspect.isfunction(function):
        raise TypeError(f"rule file {name}.py: it needs a function `{name}`")
    if not function.__doc__:
        raise TypeError(f"rule file {name}.py: its function needs a docstring, it is shown to staff")
    hints = [hint for key, hint in typing.get_type_hints(function).items() if key != "return"]
    if len(hints) != 1 or hints[0] not in (Comparison, Search):
        raise TypeError(f"rule file {name}.py: its function takes one argument, a Comparison or a Search")
    why = " ".join(inspect.cleandoc(function.__doc__).split())
    return Rule(name=name, why=why, answer=function), hints[0]


def _load() -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    loaded = [rule_of(module) for module in modules()]
    return (
        tuple(rule for rule, looks_at in loaded if looks_at is Comparison),
        tuple(rule for rule, looks_at in loaded if looks_at is Search),
    )


#: Rules on one authorization, and rules on the choice among all. Loaded once.
COMPARISON_RULES, SEARCH_RULES = _load()
