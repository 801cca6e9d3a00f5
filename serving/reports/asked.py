"""Of which parcels a report is asked."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, Query

from serving.promises.requests import Name
from serving.state import Serving
from serving.stores.outcomes import Window

MOST_DAYS = 180
MOST_LEAD_HOURS = 24 * 14
DAYS = 28
LEAD_HOURS = 24.0
_FIRST = date(2000, 1, 1)  # nothing was promised before, and dates end somewhere

Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="how many promised days before `until`")]
Until = Annotated[
    date | None, Query(description="the promised day after the last one; by default today (UTC), and never later")
]
Lead = Annotated[float, Query(ge=0, le=MOST_LEAD_HOURS, description="hours before the end of the promised day")]
Merchant = Annotated[Name | None, Query(description="only parcels of this merchant")]


async def _asked(services: Serving, days: Days = DAYS, until: Until = None, merchant_id: Merchant = None) -> Window:
    today = services.clock().date()
    end = today if until is None else max(min(until, today), _FIRST)
    return Window(end - timedelta(days=days), end, merchant_id)


Asked = Annotated[Window, Depends(_asked)]
