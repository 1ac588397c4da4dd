"""The founding story, from the first agency to the stranger who verifies the receipt."""

import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from lienthong.demo import ending, middle, opening
from lienthong.demo.platform import DemoPlatform
from lienthong.demo.stage import Leader, Place, Stage, set_stage
from lienthong.demo.timeline import Timeline


def play(console: Console, folder: Path | None, *, keep: bool, against: Path | None = None) -> None:
    """Plays the story.

    Args:
        console: Where it is printed.
        folder: Data folder; a throw-away one when None.
        keep: Leave the platform up, with the story in it.
        against: Context of a platform that runs already.

    Raises:
        StoryError: A step was not confirmed.
        AxisCallError: The platform refused a step.
    """
    timeline = Timeline(console)
    with ExitStack() as stack:
        place = Place(folder or Path(_place(stack, keep=keep)), keep, against)
        stage = stack.enter_context(set_stage(place, timeline))
        timeline.say("lienthong", f"is up, five services {_where(place)}")
        tell(stage)
        console.print(f"\n[bold green]The story was played: {timeline.steps} steps, each confirmed.[/]")
        if isinstance(stage.platform, DemoPlatform) and keep:
            pid = stage.platform.pid
            console.print(f"The platform stays up (pid {pid}); end it with `kill {pid}`. Speak to it:")
            command = f"LIENTHONG_CONTEXTS={place.folder}/contexts {_program()} document list --as vpcp"
            # To be copied: a line that is broken is none.
            console.print(f"  {command}", soft_wrap=True, highlight=False)


def _program() -> str:
    """Gives how this installation's command is called from any shell."""
    here = Path(sys.executable).with_name("lienthong")
    return "lienthong" if shutil.which("lienthong") else str(here)


def _where(place: Place) -> str:
    if place.against is not None:
        return f"behind the context {place.against}"
    return f"on one port, data in {place.folder}"


def tell(stage: Stage) -> None:
    """Plays all acts on a stage.

    Raises:
        StoryError: A step was not confirmed.
        AxisCallError: The platform refused a step.
    """
    opening.register_parties(stage)
    receipt = opening.issue_document(stage)
    opening.explain_signatures(stage, receipt.document)
    leader = Leader(stage.vpcp.axis, receipt.document)
    delivery = middle.deliver(stage, receipt, leader)
    middle.work(stage, delivery, leader)
    middle.answer(stage, receipt, leader)
    ending.vary(stage)
    ending.notices(stage)
    ending.verify_receipt(stage, receipt)


def _place(stack: ExitStack, *, keep: bool) -> str:
    if keep:
        return tempfile.mkdtemp(prefix="lienthong-demo-")
    return stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-demo-"))
