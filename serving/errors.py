"""The ways a request is refused that only exist over HTTP. Each knows its status and the code of its problem type."""

from typing import ClassVar

from parcelcast.errors import ParcelcastError


class UnauthorizedError(ParcelcastError):
    """No API key, or one that is not known."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "unauthorized"


class ForbiddenError(ParcelcastError):
    """A known API key without the scope that the call needs."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "forbidden"


class StoreRefusedError(ParcelcastError):
    """The database works, but does not take what was to be written; trying the same again would not help."""


class StoreUnavailableError(ParcelcastError):
    """Nothing can be written or read now, so nothing is acknowledged and no promise is given."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "store-unavailable"
