"""What an attempt to deliver a webhook means: delivered, to be tried again, dead, or the end of an endpoint."""

from datetime import datetime, timedelta

from serving.clock import Clock
from serving.stores.deliveries import Claimed, Outcome
from serving.stores.events import MEDIA_TYPE
from serving.webhooks.post import NoAnswerError, Post, Reply
from serving.webhooks.schedule import Jitter, Schedule, retry_after
from serving.webhooks.signing import headers
from serving.webhooks.targets import RefusedTargetError

_GONE = 410
_THROTTLING = frozenset({429, 502, 503, 504})


class WebhookChannel:
    """Signs and posts events, and decides by the answer what becomes of the delivery.

    Only a 2xx is a success. 410 disables the endpoint. With 429, 502, 503 or 504 a Retry-After pauses the endpoint.
    """

    def __init__(self, post: Post, schedule: Schedule, clock: Clock, jitter: Jitter) -> None:
        self._post = post
        self._schedule = schedule
        self._clock = clock
        self._jitter = jitter

    async def attempt(self, claimed: Claimed) -> Outcome:
        """Try once; never raises for what the receiver does."""
        tried_at = self._clock()
        signed = headers(claimed.event_id, claimed.body, claimed.endpoint.secrets, tried_at)
        try:
            reply = await self._post.post(claimed.endpoint.url, {**signed, "content-type": MEDIA_TYPE}, claimed.body)
        except (NoAnswerError, RefusedTargetError) as error:
            return self._failed(claimed, tried_at, None, str(error), None)
        if 200 <= reply.status < 300:
            return Outcome(claimed, tried_at, self._clock(), reply.status)
        if reply.status == _GONE:
            gone = "status 410: the receiver wants no more"
            return Outcome(claimed, tried_at, self._clock(), reply.status, gone, is_gone=True)
        return self._failed(claimed, tried_at, reply.status, _words(reply), _pause(reply, self._clock()))

    def _failed(
        self, claimed: Claimed, tried_at: datetime, status: int | None, error: str, pause: timedelta | None
    ) -> Outcome:
        ended_at = self._clock()
        due_at = self._schedule.after(claimed.first_tried_at or tried_at, tried_at, ended_at, self._jitter)
        pause_until = None if pause is None else ended_at + pause
        return Outcome(claimed, tried_at, ended_at, status, error, due_at, pause_until)


def _words(reply: Reply) -> str:
    is_redirect = 300 <= reply.status < 400
    return f"status {reply.status}" + (": redirects are not followed" if is_redirect else "")


def _pause(reply: Reply, now: datetime) -> timedelta | None:
    return retry_after(reply.retry_after, now) if reply.status in _THROTTLING else None
