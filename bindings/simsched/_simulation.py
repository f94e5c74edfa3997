"""One simulation, a step at a time."""

from __future__ import annotations

import typing
from . import _core
from ._config import AnyConfig as _Config, Config
from ._errors import Error
from ._results import Run

if typing.TYPE_CHECKING:
    from ._timeline import Timeline


class Simulation:
    """One policy on one machine, which stops where it is told to, and goes back.

    config    as for simsched.run()
    policy    its label in the config; by default the first
    machine   its name; by default the first
    seed      by default the config's first
    record    keep a timeline
    policies  classes written in Python, as for run()

    Raises simsched.Error. One thread a simulation; KeyboardInterrupt stops it between two events, and it can go on."""

    def __init__(self, config: _Config, policy: str = "", machine: str = "", seed: int | None = None,
                 record: bool = False, policies: dict[str, type] | None = None) -> None:
        loaded = Config(config)
        session = loaded.load(policies)
        try:
            self._stepper = _core.Stepper(session, policy, machine, seed, record)
        except Error as error:
            raise loaded.place(error) from None

    @property
    def now_ns(self) -> int:
        """Simulated time: int."""
        return self._stepper.now_ns

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self._stepper.over

    @property
    def events(self) -> int:
        """How many events were handled: int."""
        return self._stepper.events

    @property
    def machine(self) -> _core.Machine:
        return self._stepper.machine

    def run_until(self, time: int | str) -> bool:
        """Goes on up to and at `time`: ns, or text like "10ms". Whether there is more to come."""
        return self._stepper.run_until(time)

    def step(self, events: int = 1) -> bool:
        """Handles so many events. Whether there is more to come."""
        return self._stepper.step(events)

    def run(self) -> Run:
        """Goes on to the end, and returns the Run."""
        self._stepper.run()
        return self.result()

    def stop(self) -> Run:
        """Ends it here and now: what is open is accounted for. Returns the Run."""
        self._stepper.stop()
        return self.result()

    def result(self) -> Run:
        """The Run. Raises simsched.Error while it is not over."""
        return Run(self._stepper.result())

    def snapshot(self) -> _core.Snapshot:
        """It as it is now: Snapshot, for restore(). Of a policy in Python the attributes are copied (copy.deepcopy())."""
        return self._stepper.snapshot()

    def restore(self, snapshot: _core.Snapshot) -> None:
        """Becomes as it was, and goes on as it did. A snapshot can be taken again and again."""
        self._stepper.restore(snapshot)

    def timeline(self) -> Timeline:
        """What has happened so far: Timeline. Raises simsched.Error unless recorded."""
        return Run(self._stepper.recorded()).timeline()

    def __repr__(self):
        return f"<simsched.Simulation on {self.machine.name} at {self.now_ns / 1e6:.6f} ms, {self.events:,} events" + (
            ", over>" if self.over else ">")
