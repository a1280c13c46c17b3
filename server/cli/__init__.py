"""The command line, `tallystick`: one file a command, found by its name and loaded only when it is called.

Exit codes, the same for every command: 0 fine, 1 findings (a person is needed), 2 usage, 3 could not do it.
Every command shows an example under --help, and takes --json where it reports something.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from server.errors import Problem

FINE, FINDINGS, USAGE, COULD_NOT = 0, 1, 2, 3


class OneFileACommand(click.Group):
    """A group whose commands are the modules beside this file; `import_.py` is the command `import`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        files = Path(__file__).parent.glob("[a-z]*.py")
        return sorted(file.stem.rstrip("_").replace("_", "-") for file in files)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Loads the command's module; None when there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = "import_" if cmd_name == "import" else cmd_name.replace("-", "_")
        command = importlib.import_module(f"server.cli.{module}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=OneFileACommand)
@click.version_option(package_name="tallystick")
def tallystick() -> None:
    """Keeps prior authorizations, watches them at the payers, and says before billing what does not match.

    Example: tallystick demo
    """


def main() -> None:
    """Runs the command line; a `Problem` becomes its sentence on standard error and exit code 3."""
    try:
        code = tallystick.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(COULD_NOT)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except Problem as problem:
        click.echo(problem.as_text(), err=True)
        sys.exit(COULD_NOT)
    sys.exit(code if isinstance(code, int) else FINE)
