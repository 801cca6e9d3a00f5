"""Where templates of texts run: they reach nothing outside, and each text comes to an end."""

from threading import local
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

# Ours take one, and a few hundred are much for a text. So many take some hundredths of a second.
STEPS = 10_000


class TooManyStepsError(Exception):
    """A template has used up the steps of its text."""


class _Stepping(CodeGenerator):
    """Writes the code of templates so that each turn of a loop, also one that its condition leaves out, is a step."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja2's name
        # Templates that include each other may be endless too.
        node.body.insert(0, nodes.ExprStmt(_step()))
        super().visit_Template(node, frame)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        node.body.insert(0, nodes.ExprStmt(_step()))
        if node.test is not None:
            node.test = nodes.And(_step(), node.test)
        super().visit_For(node, frame)


def _step() -> nodes.Expr:
    return nodes.Call(nodes.EnvironmentAttribute("goes_on"), [], [], None, None)


class Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox in which loops, calls, numbers of a range and templates draw from the steps of the text that is made.

    Each thread makes its own text. What a step costs is not limited.
    """

    code_generator_class = _Stepping

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._text = local()
        self.globals["range"] = self._range
        del self.globals["lipsum"]  # it loops by itself

    def begin(self) -> None:
        """Begin a text: all steps are left."""
        self._text.left = STEPS

    def goes_on(self) -> bool:
        """Return True; templates call it in each turn of a loop, and calls are steps (`call`)."""
        return True

    def call(self, context: Context, called: Any, /, *args: Any, **options: Any) -> Any:
        """Call something for a template, which is a step."""
        self._draw(1)
        return super().call(context, called, *args, **options)

    def _range(self, *args: int) -> range:
        numbers = range(*args)
        self._draw(len(numbers))
        return numbers

    def _draw(self, steps: int) -> None:
        self._text.left -= steps
        if self._text.left < 0:
            raise TooManyStepsError(f"more than {STEPS} steps")
