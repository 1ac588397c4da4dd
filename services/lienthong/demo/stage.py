"""Everything that the acts of the story share."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lienthong.client import Axis, AxisCallError
from lienthong.common.v1 import lifecycle_pb2, operations_pb2
from lienthong.demo.cast import Party
from lienthong.demo.papers import Signers, now, signers
from lienthong.demo.platform import DemoPlatform, OtherPlatform, Reachable
from lienthong.demo.props import Props
from lienthong.demo.timeline import StoryError, Timeline, wait_for
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.sinks import LOOPBACK, HttpSink, SmtpSink
from lienthong.workflow.v1 import workflow_pb2


@dataclass(slots=True)
class Stage:
    """The stage.

    Attributes:
        timeline: What is printed.
        platform: The platform.
        authority: Whose signatures it trusts.
        mail: Sink of its mail.
        city_hook: Webhook of the city.
        vpcp_hook: Webhook of the Government Office.
        papers: Folder for files.
        operator: Session of the operator.
        parties: Agencies by the name of their context.
        vpcp_signers: Who signs for the Government Office.
        city_signers: Who signs for the city.
    """

    timeline: Timeline
    platform: Reachable
    authority: DemoAuthority
    mail: SmtpSink
    city_hook: HttpSink
    vpcp_hook: HttpSink
    papers: Path
    operator: Axis
    vpcp_signers: Signers
    city_signers: Signers
    parties: dict[str, Party] = field(default_factory=dict)

    @property
    def vpcp(self) -> Party:
        """The Government Office."""
        return self.parties["vpcp"]

    @property
    def city(self) -> Party:
        """The People's Committee of Ho Chi Minh City."""
        return self.parties["ubnd-tphcm"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the story is played.

    Attributes:
        folder: Data folder of a platform that is started for it, and of the papers.
        keep: Leave that platform up at the end.
        against: Context of a platform that runs already, in whose folder `stage.yaml` tells the props; None starts one.
    """

    folder: Path
    keep: bool = False
    against: Path | None = None


@contextmanager
def set_stage(place: Place, timeline: Timeline) -> Iterator[Stage]:
    """Starts sinks and, unless one runs already, the platform.

    Raises:
        StoryError: The platform does not start, or it was not told what the story needs.
    """
    authority = DemoAuthority.create(now())
    with ExitStack() as stack:
        known = _props_of(place.against) if place.against else None
        ports = (known.mail_port, *known.hook_ports) if known else (0, 0, 0)
        host = known.host if known else LOOPBACK
        mail = stack.enter_context(SmtpSink(port=ports[0], host=host))
        city_hook, vpcp_hook = (stack.enter_context(HttpSink(port=port, host=host)) for port in ports[1:])
        props = known or Props(place.folder / "trust", mail.port, (city_hook.port, vpcp_hook.port))
        if place.against:
            platform: Reachable = OtherPlatform(place.against.parent)
            operator = stack.enter_context(platform.speak(place.against.stem, "demo"))
            _trust(operator, props, authority)
        else:
            props.trust(authority)
            platform = stack.enter_context(DemoPlatform(place.folder, props, keep=place.keep))
            operator = stack.enter_context(platform.speak("operator", "demo"))
        papers = place.folder / "papers"
        papers.mkdir(parents=True)
        yield Stage(
            timeline=timeline,
            platform=platform,
            authority=authority,
            mail=mail,
            city_hook=city_hook,
            vpcp_hook=vpcp_hook,
            papers=papers,
            operator=operator,
            vpcp_signers=signers(authority, "Lê Mạnh Hà", "Văn phòng Chính phủ", "0100110011"),
            city_signers=signers(authority, "Nguyễn Thị Hồng Ửng", "UBND Thành phố Hồ Chí Minh", "0300330033"),
        )


def _props_of(context: Path) -> Props:
    file = context.parent.parent / "stage.yaml"
    try:
        return Props.read(file)
    except OSError as error:
        raise StoryError(f"{file} cannot be read: {error.strerror}. `lienthong dev platform` writes it.") from error


def _trust(operator: Axis, props: Props, authority: DemoAuthority) -> None:
    """Has a running platform trust an authority, and waits until it does."""

    def trusted() -> str:
        answer = operator.operations("signing").Examine(operations_pb2.ExamineRequest(service="signing"))
        return next(check.text for check in answer.checks if check.subject == "trust")

    before = trusted()
    props.trust(authority)
    wait_for("signing trusts the authority of the story", lambda: trusted() != before or None)


class Leader:
    """The leader who follows a document live: a watch in a thread of its own."""

    def __init__(self, axis: Axis, document: str) -> None:
        self._axis = axis
        self._document = document
        self._seen: list[workflow_pb2.Progress] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="leader", daemon=True)
        self._thread.start()

    @property
    def last(self) -> workflow_pb2.Progress:
        """What the leader saw last."""
        with self._lock:
            return self._seen[-1]

    def sees(self, state: lifecycle_pb2.DeliveryState.ValueType) -> workflow_pb2.Progress:
        """Waits until the leader has seen a state at the first recipient.

        Raises:
            StoryError: It was not seen within the deadline.
        """
        name = lifecycle_pb2.DeliveryState.Name(state)
        return self.until(f"the leader sees {name}", lambda progress: progress.recipients[0].state == state)

    def until(self, claim: str, check: Callable[[workflow_pb2.Progress], bool]) -> workflow_pb2.Progress:
        """Waits until the leader has seen something.

        Raises:
            StoryError: It was not seen within the deadline.
        """

        def look() -> workflow_pb2.Progress | None:
            with self._lock:
                return next((one for one in reversed(self._seen) if one.recipients and check(one)), None)

        return wait_for(claim, look)

    def _follow(self) -> None:
        try:
            for change in self._axis.watch_progress(self._document):
                with self._lock:
                    self._seen.append(change.progress)
        except (AxisCallError, ValueError):
            # The session was closed at the end of the story.
            return
