"""Files as Meteostat serves them, made by us, and a server on loopback that can be down, slow or break off."""

import gzip
import io
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DAILY = ("temp", "tmin", "tmax", "rhum", "prcp", "snwd", "wspd", "wpgt", "pres", "tsun", "cldc")
HOURLY = ("temp", "rhum", "prcp", "snwd", "wdir", "wspd", "wpgt", "pres", "tsun", "cldc", "coco")
# Ids, countries, places; the first two are near Munich, the third near Leipzig.
STATIONS = (
    ("10865", "DE", "BY", 48.16, 11.54, "Munich"),
    ("10870", "DE", "BY", 48.35, 11.81, "Munich Airport"),
    ("10469", "DE", "SN", 51.43, 12.24, "Leipzig-Schkeuditz"),
)
DATABASE = """
CREATE TABLE stations (id TEXT PRIMARY KEY, country TEXT, region TEXT, latitude REAL, longitude REAL,
                       elevation INTEGER, timezone TEXT);
CREATE TABLE names (station TEXT, language TEXT, name TEXT);
CREATE TABLE identifiers (station TEXT, key TEXT, value TEXT);
CREATE TABLE inventory (station TEXT, provider TEXT, parameter TEXT, start TEXT, end TEXT, completeness REAL);
"""


def stations_database(folder: Path) -> bytes:
    """Return a stations.db."""
    path = folder / "made.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(DATABASE)
        for number, country, region, latitude, longitude, name in STATIONS:
            row = (number, country, region, latitude, longitude, 500, "Europe/Berlin")
            database.execute("INSERT INTO stations VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            database.execute("INSERT INTO names VALUES (?, 'en', ?)", (number, name))
        database.commit()
    return path.read_bytes()


def daily_file(year: int, values: dict[date, dict[str, float]], sources: dict[date, str] | None = None) -> bytes:
    """Return a station's year of days; `sources` where they are not observed by DWD."""
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    lines = ["year,month,day," + ",".join(f"{name},{name}_source" for name in DAILY)]
    for day in days:
        if (told := values.get(day)) is not None:
            source = (sources or {}).get(day, "dwd_daily")
            cells = [f"{told[name]},{source}" if name in told else "," for name in DAILY]
            lines.append(f"{day.year},{day.month},{day.day}," + ",".join(cells))
    return gzip.compress("\n".join(lines).encode() + b"\n")


def hourly_file(values: dict[datetime, dict[str, float]]) -> bytes:
    """Return a station's hours (UTC), observed by DWD."""
    out = io.StringIO()
    out.write("year,month,day,hour," + ",".join(f"{name},{name}_source" for name in HOURLY) + "\n")
    for at, told in values.items():
        cells = [f"{told[name]},dwd_hourly" if name in told else "," for name in HOURLY]
        out.write(f"{at.year},{at.month},{at.day},{at.hour}," + ",".join(cells) + "\n")
    return gzip.compress(out.getvalue().encode())


class Bulk:
    """Serves `files` by path; `broken` break off in the middle, `silent` ones do not answer, `dripping` barely do."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.dripping: set[str] = set()
        self.asked: list[str] = []
        self.address = ""

    def environment(self) -> dict[str, str]:
        """Return the variables that lead the library here."""
        return {
            "MS_DAILY_ENDPOINT": f"{self.address}/daily/{{year}}/{{station}}.csv.gz",
            "MS_HOURLY_ENDPOINT": f"{self.address}/hourly/{{year}}/{{station}}.csv.gz",
            "MS_STATIONS_DB_ENDPOINTS": f'["{self.address}/stations.db"]',
        }


@contextmanager
def serving(bulk: Bulk) -> Iterator[None]:
    """Serve on loopback until the end of the block."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bulk.asked.append(self.path)
            if self.path in bulk.silent:
                over.wait(30)
                return
            content = bulk.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.path in bulk.dripping:
                for byte in content:
                    if over.is_set():
                        return
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)
                return
            self.wfile.write(content[: len(content) // 2] if self.path in bulk.broken else content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        bulk.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            server.shutdown()
            thread.join()
