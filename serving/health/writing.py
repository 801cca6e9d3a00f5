"""Whether the database of parcels takes what is written."""

from serving.errors import StoreUnavailableError
from serving.state import Services


def unwritable(services: Services) -> str | None:
    """Tell why nothing can be written now, or scans could not be a moment ago; None when all is well. Blocking."""
    try:
        services.database.check()
    except StoreUnavailableError as error:
        return str(error)
    return services.recorder.failure(services.clock())
