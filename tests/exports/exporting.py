"""Plans as ``bsgrow plan --format`` prints them, exactly or approximately, or why not."""

from dataclasses import dataclass

from typer.testing import CliRunner

from bsgrow.cli.app import app
from bsgrow.errors import InputError
from tests.exports.plans import DrivenPlan


@dataclass(frozen=True)
class Exported:
    """One plan in the syntax of one system.

    Attributes:
        plan: the plan.
        text: what was printed; empty where it was refused.
        is_exact: whether it was printed without ``--approximate``.
        refusal: the error without that option; empty where there was none.
    """

    plan: DrivenPlan
    text: str
    is_exact: bool
    refusal: str


def exported(plan: DrivenPlan, name: str) -> Exported:
    """Export a plan, with ``--approximate`` only where it is refused without."""
    text, refusal = printed(plan, name)
    if not refusal:
        return Exported(plan, text, True, "")
    text, _ = printed(plan, name, "--approximate")
    return Exported(plan, text, False, refusal)


def printed(plan: DrivenPlan, name: str, *options: str) -> tuple[str, str]:
    """Return what ``bsgrow plan --format`` prints, or nothing and the error."""
    result = CliRunner().invoke(app, ["plan", str(plan.path), "--format", name, *options])
    if isinstance(result.exception, InputError):
        return "", result.exception.message
    assert result.exit_code == 0, result.output
    return result.stdout, ""
