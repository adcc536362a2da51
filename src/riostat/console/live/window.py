"""The last seconds of the rolling run, summed up."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeVar

from riostat.console.live.names import UNNAMED, Function, Place
from riostat.console.live.state import WINDOW_S, LiveDomain, LiveProcess, LiveSymbol, Moment
from riostat.console.live.tail import Hit
from riostat.core.domain import Domain

__all__ = ["IdlePoints", "Summary", "Window"]

_SECOND_NS = 1_000_000_000
_WINDOW_NS = WINDOW_S * _SECOND_NS
_PROCESSES = 12
_SYMBOLS = 20
_HITS = 1 << 18
_SUBJECTS = 1 << 14

Key = TypeVar("Key")
IdlePoints = Mapping[str, tuple[int, float]]
"""By CPU: when it was read, and how many seconds the CPU had been idle since some start."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the window holds; `idle` is None where the kernel's idle times are not known yet."""

    samples: int
    seconds: float
    busy: float
    idle: float | None
    domains: list[LiveDomain]
    processes: list[LiveProcess]
    symbols: list[LiveSymbol]
    moment: Moment


class _Subject(NamedTuple):
    """Whom and what a sample hit."""

    domain: Domain
    process: str
    pid: int
    function: Function


_Totals: TypeAlias = Mapping[_Subject, tuple[int, int]]
"""Samples and weight by subject."""


class Window:
    """Samples and idle times of the `WINDOW_S` seconds before the newest.

    Subjects are numbered when they are first hit, so that a second's sum is one of numbers.
    """

    def __init__(self) -> None:
        self._hits: list[tuple[int, int, int]] = []
        self._subjects: list[_Subject] = []
        self._numbers: dict[_Subject, int] = {}
        self._idle: deque[tuple[int, IdlePoints]] = deque()
        self._first_ns: int | None = None

    def add(self, hits: Sequence[Hit], names: Mapping[Place, Function]) -> None:
        """Take further samples with the names of where they hit."""
        for hit in hits:
            function = UNNAMED if hit.place is None else names.get(hit.place, UNNAMED)
            subject = _Subject(hit.domain, hit.process, hit.pid, function)
            number = self._numbers.setdefault(subject, len(self._subjects))
            if number == len(self._subjects):
                self._subjects.append(subject)
            self._hits.append((hit.time_ns, hit.weight, number))

    def add_idle(self, idle: IdlePoints) -> None:
        """Take the newest reading of all CPUs; another recorder's counts begin at 0 again."""
        now_ns = max((time_ns for time_ns, _ in idle.values()), default=0)
        if not now_ns or (self._idle and now_ns <= self._idle[-1][0]):
            return
        before = self._idle[-1][1] if self._idle else {}
        if any(seconds < before.get(cpu, (0, 0.0))[1] for cpu, (_, seconds) in idle.items()):
            self._idle.clear()
        self._idle.append((now_ns, dict(idle)))
        self._first_ns = self._first_ns or now_ns

    def summary(self, now_ns: int, time_s: float, *, full_rate: float) -> Summary:
        """Sum up the window that ends at `now_ns`, which is `time_s` on the wall.

        `full_rate` is how many samples a second are taken where all CPUs are busy: it tells how
        busy they are until idle times were read twice.
        """
        since_ns = now_ns - _WINDOW_NS
        self._hits = [hit for hit in self._hits if hit[0] > since_ns][-_HITS:]
        totals = self._totals(self._hits)
        if len(self._subjects) > _SUBJECTS:
            self._renumber()
        while len(self._idle) > 2 and self._idle[1][0] <= since_ns:
            self._idle.popleft()
        began_ns = now_ns - _SECOND_NS if self._first_ns is None else self._first_ns
        seconds = max((now_ns - max(began_ns, since_ns)) / 1e9, 1.0)
        idle = self._idle_share(0)
        busy = min(len(self._hits) / (full_rate * seconds), 1.0) if idle is None else 1 - idle
        newest = self._totals([hit for hit in self._hits if hit[0] > now_ns - _SECOND_NS])
        last_idle = self._idle_share(-2)
        last_busy = busy if last_idle is None else 1 - last_idle
        parts = _ranked(newest, lambda subject: subject.domain.name)
        return Summary(
            samples=len(self._hits),
            seconds=seconds,
            busy=busy,
            idle=idle,
            domains=_domains(totals, busy),
            processes=_processes(totals, busy),
            symbols=_symbols(totals, busy),
            moment=Moment(
                time_s=round(time_s, 3),
                busy=round(last_busy, 4),
                domains={name: round(share * last_busy, 4) for name, _, share in parts},
            ),
        )

    def _totals(self, hits: Iterable[tuple[int, int, int]]) -> _Totals:
        samples: Counter[int] = Counter()
        weights: Counter[int] = Counter()
        for _, weight, number in hits:
            samples[number] += 1
            weights[number] += weight
        return {self._subjects[n]: (count, weights[n]) for n, count in samples.items()}

    def _renumber(self) -> None:
        """Forget subjects that are not in the window any more."""
        old = self._subjects
        used = {number: place for place, number in enumerate({hit[2]: None for hit in self._hits})}
        self._subjects = [old[number] for number in used]
        self._numbers = {subject: place for place, subject in enumerate(self._subjects)}
        self._hits = [(time_ns, weight, used[n]) for time_ns, weight, n in self._hits]

    def _idle_share(self, first: int) -> float | None:
        """Return the idle fraction of all CPU time between an earlier reading and the newest."""
        if len(self._idle) < 2:
            return None
        before, after = self._idle[first][1], self._idle[-1][1]
        both = [(before[cpu], after[cpu]) for cpu in before if cpu in after]
        total_s = sum(new_ns - old_ns for (old_ns, _), (new_ns, _) in both) / 1e9
        idle_s = sum(new - old for (_, old), (_, new) in both)
        return min(max(idle_s / total_s, 0.0), 1.0) if total_s > 0 else None


def _ranked(totals: _Totals, key: Callable[[_Subject], Key]) -> list[tuple[Key, int, float]]:
    """Return each key with its samples and its share of the weight, the heaviest first."""
    weights: Counter[Key] = Counter()
    samples: Counter[Key] = Counter()
    for subject, (count, weight) in totals.items():
        value = key(subject)
        weights[value] += weight
        samples[value] += count
    total = weights.total() or 1
    return [(value, samples[value], weight / total) for value, weight in weights.most_common()]


def _domains(totals: _Totals, busy: float) -> list[LiveDomain]:
    return [
        LiveDomain(
            name=domain.name,
            kind=domain.kind.value,
            samples=samples,
            share=round(share, 5),
            cpu=round(share * busy, 5),
        )
        for domain, samples, share in _ranked(totals, lambda subject: subject.domain)
    ]


def _processes(totals: _Totals, busy: float) -> list[LiveProcess]:
    ranked = _ranked(totals, lambda subject: subject[:3])
    return [
        LiveProcess(
            domain=domain.name,
            kind=domain.kind.value,
            process=process,
            pid=pid,
            samples=samples,
            share=round(share, 5),
            cpu=round(share * busy, 5),
        )
        for (domain, process, pid), samples, share in ranked[:_PROCESSES]
    ]


def _symbols(totals: _Totals, busy: float) -> list[LiveSymbol]:
    ranked = _ranked(totals, lambda s: (s.domain, s.process, s.function))
    return [
        LiveSymbol(
            domain=domain.name,
            kind=domain.kind.value,
            process=process,
            module=module,
            symbol=symbol,
            samples=samples,
            share=round(share, 5),
            cpu=round(share * busy, 5),
        )
        for (domain, process, (module, symbol)), samples, share in ranked[:_SYMBOLS]
    ]
