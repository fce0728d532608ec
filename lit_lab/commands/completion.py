"""`lit-lab completion`: print what completes the command in a shell, made of the commands' own parsers."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from typing import Any

_ABOUT = (
    "Print a script that completes commands and options in a shell. bash: add `source <(lit-lab completion bash)` to ~/.bashrc. "
    "zsh: write it into a file named _lit-lab in a folder of $fpath. fish: write it into ~/.config/fish/completions/lit-lab.fish."
)


@dataclass(frozen=True)
class _Option:
    names: tuple[str, ...]
    help: str
    choices: tuple[str, ...]
    takes_value: bool


def add(commands: Any, parser: argparse.ArgumentParser) -> None:
    """Describe the command.

    Args:
        commands: The parser's commands.
        parser: The parser of all commands.
    """
    command = commands.add_parser(
        "completion", help="print a script that completes the command in a shell", description=_ABOUT
    )
    command.add_argument("shell", choices=list(_WRITERS))
    command.set_defaults(run=lambda options: _run(options, parser))


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    print(_WRITERS[options.shell](_commands(parser)), end="")
    return 0


def _commands(parser: argparse.ArgumentParser) -> dict[str, tuple[str, list[_Option]]]:
    """Return each command's description and options."""
    (subparsers,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    helps = {each.dest: each.help or "" for each in subparsers._choices_actions}
    return {
        name: (
            helps.get(name, ""),
            [
                _Option(
                    tuple(action.option_strings),
                    (action.help or "").split(";")[0],
                    tuple(map(str, action.choices or ())),
                    action.nargs != 0,
                )
                for action in command._actions
            ],
        )
        for name, command in subparsers.choices.items()
    }


def _bash(commands: dict[str, tuple[str, list[_Option]]]) -> str:
    cases = []
    for name, (_, options) in commands.items():
        words = [each for option in options for each in option.names or option.choices]
        values = "".join(
            f'        {"|".join(option.names)}) COMPREPLY=($(compgen -W {shlex.quote(" ".join(option.choices))} -- "$word")); return ;;\n'
            for option in options
            if option.names and option.choices
        )
        files = "|".join(
            each for option in options for each in option.names if option.takes_value and not option.choices
        )
        values += f'        {files}) COMPREPLY=($(compgen -f -- "$word")); return ;;\n' if files else ""
        cases.append(
            f'    {name})\n      case "$before" in\n{values}      esac\n'
            f'      COMPREPLY=($(compgen -W {shlex.quote(" ".join(words))} -- "$word")) ;;\n'
        )
    return (
        "_lit_lab() {\n"
        '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"\n'
        "  if [[ $COMP_CWORD -eq 1 ]]; then\n"
        f'    COMPREPLY=($(compgen -W {shlex.quote(" ".join([*commands, "--help", "--version"]))} -- "$word"))\n'
        "    return\n  fi\n"
        '  case "${COMP_WORDS[1]}" in\n' + "".join(cases) + "  esac\n}\ncomplete -o filenames -F _lit_lab lit-lab\n"
    )


def _zsh(commands: dict[str, tuple[str, list[_Option]]]) -> str:
    described = " ".join(shlex.quote(f"{name}:{about}") for name, (about, _) in commands.items())
    cases = []
    for name, (_, options) in commands.items():
        specs = []
        for number, option in enumerate(options):
            values = (
                f":value:({' '.join(option.choices)})"
                if option.choices
                else ":value:_files"
                if option.takes_value
                else ""
            )
            if option.names:
                about = option.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
                specs += [shlex.quote(f"{each}[{about}]{values}") for each in option.names]
            else:
                specs.append(shlex.quote(f"{number}{values}"))
        cases.append(f"    {name}) _arguments {' '.join(specs)} ;;\n")
    return (
        "#compdef lit-lab\n_lit_lab() {\n"
        "  if (( CURRENT == 2 )); then\n"
        f"    local -a commands=({described})\n    _describe command commands\n    return\n  fi\n"
        "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n"
        "  case $command in\n" + "".join(cases) + "  esac\n}\n"
        'if [[ $funcstack[1] == _lit-lab ]]; then _lit_lab "$@"; else compdef _lit_lab lit-lab; fi\n'
    )


def _fish(commands: dict[str, tuple[str, list[_Option]]]) -> str:
    lines = ["complete -c lit-lab -f"]
    for name, (about, options) in commands.items():
        lines.append(f"complete -c lit-lab -n __fish_use_subcommand -a {name} -d {_fish_text(about)}")
        at = f"complete -c lit-lab -n '__fish_seen_subcommand_from {name}'"
        for option in options:
            long = "".join(f" -l {each[2:]}" if each.startswith("--") else f" -s {each[1:]}" for each in option.names)
            choices = (
                f" -xa {_fish_text(' '.join(option.choices))}"
                if option.choices
                else " -r -F"
                if option.takes_value
                else ""
            )
            if long or option.choices:
                lines.append(f"{at}{long}{choices} -d {_fish_text(option.help)}")
    return "\n".join(lines) + "\n"


def _fish_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_WRITERS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
