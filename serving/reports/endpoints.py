"""Reports under `/v1/reports`: `promise-attainment`, `calibration` and `carriers`."""

from fastapi import APIRouter

from serving.callers import ParcelReader
from serving.problems import documented
from serving.reports.asked import LEAD_HOURS, Asked, Lead
from serving.reports.attainment import AttainmentReport, attained
from serving.reports.calibration import before_the_end, calibrated
from serving.reports.calibration_answers import CalibrationReport
from serving.reports.carriers import CarriersReport, carried
from serving.state import Serving
from serving.stores.outcomes import read_incidents, read_outcomes, read_stated

router = APIRouter(prefix="/v1/reports", tags=["parcels"])


@router.get("/promise-attainment", responses=documented(401, 403, 422, 503))
def report_attainment(services: Serving, _caller: ParcelReader, window: Asked) -> AttainmentReport:
    """Tell whether promises were kept, and how late and how early parcels were, by service and by country."""
    with services.database.reading() as connection:
        return attained(read_outcomes(connection, window), window)


@router.get("/calibration", responses=documented(401, 403, 422, 503))
def report_calibration(
    services: Serving, _caller: ParcelReader, window: Asked, lead_hours: Lead = LEAD_HOURS
) -> CalibrationReport:
    """Tell whether the stated risk of a delay, and the stated range of dates, came true.

    Judged is what was stated last so many hours before the end of the promised day, by a model.
    """
    until = before_the_end(services.bundles.current.bundle.places, lead_hours)
    with services.database.reading() as connection:
        return calibrated(read_stated(connection, window, until), window, lead_hours, services.clock().date())


@router.get("/carriers", responses=documented(401, 403, 422, 503))
def report_carriers(services: Serving, _caller: ParcelReader, window: Asked) -> CarriersReport:
    """Tell how carriers get on: parcels in time, days on the way, failed attempts, losses and returns."""
    with services.database.reading() as connection:
        return carried(read_incidents(connection, window, "stall"), window)
