"""Answers given lately, by the very bytes of the question."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

MOST_ANSWERS = 20_000
MOST_BYTES = 64 * 2**20

Question = tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A stored answer and the time in which it holds: from when it was made until `valid_until` (None: always)."""

    body: bytes
    answer_id: int
    generation: int
    made_at: datetime
    valid_until: datetime | None
    promise_id: str | None = None

    def named(self, promise_id: str) -> "Remembered":
        """Return the same answer as one promise that is given to everybody who asks."""
        return replace(self, promise_id=promise_id)

    def holds(self, now: datetime, generation: int) -> bool:
        """Whether the same question would be answered the same now, with the bundle of that generation."""
        if self.generation != generation:
            return False
        return self.valid_until is None or self.made_at <= now < self.valid_until


class Memory:
    """The most recently used answers, bounded in number and bytes."""

    def __init__(self, most_answers: int = MOST_ANSWERS, most_bytes: int = MOST_BYTES) -> None:
        self._answers: OrderedDict[Question, Remembered] = OrderedDict()
        self._most_answers = most_answers
        self._most_bytes = most_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def recall(self, question: Question, now: datetime, generation: int) -> Remembered | None:
        """Return the answer to that question if it still holds."""
        found = self._answers.get(question)
        if found is None:
            return None
        if not found.holds(now, generation):
            self._forget(question)
            return None
        self._answers.move_to_end(question)
        return found

    def remember(self, question: Question, answer: Remembered) -> None:
        """Keep an answer, at the price of those that were not asked for longest."""
        if question in self._answers:
            self._forget(question)
        self._answers[question] = answer
        self._bytes += _size(question, answer)
        while len(self._answers) > self._most_answers or self._bytes > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def _forget(self, question: Question) -> None:
        self._bytes -= _size(question, self._answers.pop(question))


def _size(question: Question, answer: Remembered) -> int:
    return len(answer.body) + sum(len(part or b"") for part in question)
