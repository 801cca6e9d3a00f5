"""`GET /v1/reports/promise-attainment`: what became of parcels whose promised day is over."""

from fastapi import APIRouter

from serving.callers import ParcelReader
from serving.problems import documented
from serving.reports.asked import Asked
from serving.reports.attainment import AttainmentReport, attained
from serving.state import Serving
from serving.stores.outcomes import read_outcomes

router = APIRouter(prefix="/v1/reports", tags=["parcels"])


@router.get("/promise-attainment", responses=documented(401, 403, 422, 503))
def report_attainment(services: Serving, _caller: ParcelReader, window: Asked) -> AttainmentReport:
    """Tell whether promises were kept, and how late and how early parcels were, by service and by country."""
    with services.database.reading() as connection:
        return attained(read_outcomes(connection, window), window)
