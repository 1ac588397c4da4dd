"""Several agencies at once, each in a thread of its own, over as many crashes as there are."""

import random
import threading
import time
import traceback

from tests.faults.support.harness import PAUSE_SECONDS
from tests.faults.support.ledger import Ledger
from tests.faults.support.papers import Press
from tests.faults.support.party import Identity, Party
from tests.faults.support.plan import Plan
from tests.faults.support.served import Served
from tests.faults.support.speaker import StoppedError
from tests.faults.support.webhooks import Webhooks
from tests.waiting import eventually

from lienthong.client import AxisUnavailableError, credentials
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import operations_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import directory_pb2

SERVICES = ("signing", "routing", "intake", "workflow", "notification")
STRANGER = "la-mat"
"""An agency that nobody writes to."""

_QUIET_LOOKS = 3
_WRONGS_AT_MOST = 50


class Traffic:
    """The agencies and what they were told.

    Attributes:
        ledger: What they were told.
        parties: By name.
        webhooks: Where they are told by webhook; None when they are not.
    """

    def __init__(
        self,
        program: Served,
        press: Press,
        seed: int,
        count: int = 4,
        plan: Plan | None = None,
        webhooks: Webhooks | None = None,
    ) -> None:
        """Registers the agencies with a running program.

        Args:
            program: It is ready.
            press: Makes signed documents.
            seed: Of all choices.
            count: How many agencies, 2 to 4.
            plan: How they behave.
            webhooks: Where they are told by webhook.
        """
        self.ledger = Ledger()
        self.parties: dict[str, Party] = {}
        self.webhooks = webhooks
        self._program = program
        self._stopping = threading.Event()
        plan = plan or Plan()
        codes = dict(list(plan.codes.items())[:count])
        for name, code in (codes | {STRANGER: "000.00.00.H88"}).items():
            _register(program, name, code, webhooks if name in codes else None)
        for index, (name, code) in enumerate(codes.items(), 1):
            others = tuple(other for other in codes.values() if other != code)
            self.parties[name] = Party(
                identity=Identity(name, code, index, others),
                program=program,
                ledger=self.ledger,
                press=press,
                chance=random.Random(f"{seed}/{name}"),  # noqa: S311 -- reproducible, keeps no secret
                plan=plan,
                stopping=self._stopping,
            )
        self._threads = [
            threading.Thread(target=self._run, args=(party,), name=party.name, daemon=True)
            for party in self.parties.values()
        ]

    def start(self) -> None:
        """Begins; nobody hands anything in before it is granted."""
        for thread in self._threads:
            thread.start()

    def grant(self, documents: int, at_most: int = 6) -> None:
        """Lets each party hand in so many documents more, without heaping up more than `at_most`."""
        for party in self.parties.values():
            party.sender.budget = min(at_most, party.sender.budget + documents)

    def spend(self, seconds: float) -> None:
        """Waits until everything granted was handed in.

        Raises:
            AssertionError: It was not within the deadline.
        """
        parties = self.parties.values()
        eventually(lambda: not any(one.sender.budget for one in parties), "all is handed in", seconds)

    def settle(self, seconds: float) -> list[str]:
        """Waits until everything is done and nothing moves any more; tells what still moves at the deadline."""
        for party in self.parties.values():
            party.sender.budget = 0
        end, quiet, moving = time.monotonic() + seconds, 0, ["not looked at"]
        while time.monotonic() < end and quiet < _QUIET_LOOKS:
            try:
                moving = self._moving()
            except AxisUnavailableError as error:
                # Connections that a fault cut a moment ago are made again after a pause.
                moving = [f"a service does not answer: {error}"]
            quiet = 0 if moving else quiet + 1
            time.sleep(PAUSE_SECONDS * 10)
        return moving

    def close(self) -> None:
        """Ends all threads."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for party in self.parties.values():
            party.speaker.close()

    def _run(self, party: Party) -> None:
        wrongs = 0
        while wrongs < _WRONGS_AT_MOST:
            try:
                party.step()
            except StoppedError:
                return
            except Exception:  # noqa: BLE001 -- whatever it is, the checker tells it
                wrongs += 1
                self.ledger.wrong(f"{party.name}: {traceback.format_exc()}")

    def _moving(self) -> list[str]:
        moving = [f"{party.name} is at work" for party in self.parties.values() if not party.idle]
        with self._program.speak("operator") as axis:
            for service in SERVICES:
                calls = axis.operations(service)
                outbox = calls.GetOutbox(operations_pb2.GetOutboxRequest(service=service))
                lag = calls.GetLag(operations_pb2.GetLagRequest(service=service))
                behind = sum(partition.records for partition in lag.partitions)
                if outbox.waiting or behind:
                    moving.append(f"{service}: {outbox.waiting} events in the outbox, {behind} not handled")
        return moving or self._untold()

    def _untold(self) -> list[str]:
        untold: list[str] = []
        for name in self.parties if self.webhooks else ():
            with self._program.speak(name) as axis:
                if Webhooks.waiting(axis):
                    untold.append(f"{name} is still to be told of something by webhook")
        return untold


def _register(program: Served, name: str, code: str, webhooks: Webhooks | None) -> None:
    with program.speak("operator") as operator:
        agency = common.Agency(display_name=f"Cơ quan {name}", short_name=name, codes=[common.AgencyCode(code=code)])
        made = operator.directory.CreateAgency(
            directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
        )
        credentials.issue(operator, made.name, name, credentials.Place(program.contexts))
    with program.speak(name) as axis:
        subscription = notification_pb2.Subscription(channel=notification_pb2.CHANNEL_IN_APP)
        request = notification_pb2.CreateSubscriptionRequest(subscription=subscription, request_id=new_request_id())
        axis.notification.CreateSubscription(request)
        if webhooks is not None:
            webhooks.subscribe(axis, name)
