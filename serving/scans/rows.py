"""One scan as it is told in JSON or a file's row: the contract, its limits, and the way to a `Scan`."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Required, cast

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from parcelcast.codes.carriers import carrier_of
from parcelcast.codes.mapping import MappedCode
from parcelcast.codes.vocabulary import PARTIES, REASONS
from parcelcast.errors import InputError
from parcelcast.scan import CODES, UNKNOWN_CODE
from parcelcast.tracking.clocks import OFFSET_MISSING, ToldTime, read_time
from parcelcast.tracking.scan import OFFSETS_MIN, Scan
from serving.problems import FieldProblem, got_of, pointer_of
from serving.promises.requests import whole
from serving.stores.parcels import id_number

MAX_TEXT = 1_000
MAX_LEG = 1_000

# Maps a carrier's raw code; None for one that no table knows.
MapCode = Callable[[str, str], MappedCode | None]

# A code that was told in our own vocabulary beside a raw one: no table mapped it, and it is not an unknown one.
TOLD = "told"

_LINE = r"^[^\x00-\x1f\x7f]+$"
_VISIBLE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

Line = Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)]
Visible = Annotated[str, Field(min_length=1, max_length=100, pattern=_VISIBLE)]
Text = Annotated[str, Field(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]

SCAN_EXAMPLE: dict[str, JsonValue] = {
    "carrier": "dpd",
    "tracking_number": "01596812345678",
    "occurred_at": "2026-11-24T07:42:10+01:00",
    "raw_code": "03",
    "raw_text": "In delivery",
    "facility_id": "dpd-0141",
    "country": "DE",
    "place": "Leipzig",
}
EXAMPLES: list[JsonValue] = [
    SCAN_EXAMPLE,
    {
        "shipment_id": "S-2026-104-1",
        "occurred_at": "2026-11-23T16:05:00",
        "time_zone": "Europe/Berlin",
        "code": "handed_over",
    },
]


@with_config(
    ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": EXAMPLES,
            "allOf": [
                {"oneOf": [{"required": ["tracking_number"]}, {"required": ["shipment_id"]}]},
                {"anyOf": [{"required": ["code"]}, {"required": ["raw_code", "carrier"]}]},
            ],
        },
    )
)
class ScanRow(TypedDict, total=False):
    """A scan. It names its parcel by carrier and tracking number, or by shipment_id; it has a code or a raw_code."""

    carrier: Annotated[Visible, Field(description="id of the carrier; its code table maps `raw_code`")] | None
    tracking_number: Annotated[Visible, Field(description="blanks and case do not matter")] | None
    shipment_id: Annotated[Line, Field(description="in place of a tracking number")] | None
    occurred_at: Required[
        Annotated[
            str,
            Field(
                min_length=8,
                max_length=40,
                description="ISO 8601, with an offset; without one local time of `time_zone`, else UTC, and marked",
            ),
        ]
    ]
    time_zone: Annotated[Line, Field(description="IANA name: the clock of the facility")] | None
    utc_offset_min: (
        Annotated[
            int,
            Field(
                ge=OFFSETS_MIN[0], le=OFFSETS_MIN[-1], description="local clock minus UTC, where the time tells none"
            ),
            BeforeValidator(whole),
        ]
        | None
    )
    code: (
        Annotated[
            Literal[CODES],  # type: ignore[valid-type]  # the tuple is the vocabulary's one home
            Field(description="canonical code; it counts before `raw_code`"),
        ]
        | None
    )
    raw_code: (
        Annotated[Visible, Field(description="the carrier's own code; what no table knows becomes info_only")] | None
    )
    raw_text: Annotated[Text, Field(description="the carrier's words; never searched")] | None
    reason: (
        Annotated[
            Literal[tuple(sorted(REASONS))],  # type: ignore[valid-type]
            Field(description="with `code`: why"),
        ]
        | None
    )
    party: (
        Annotated[
            Literal[PARTIES],  # type: ignore[valid-type]
            Field(description="with `code`: who caused it"),
        ]
        | None
    )
    facility_id: Line | None
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$", max_length=2, description="ISO 3166-1 alpha-2")] | None
    place: Line | None
    leg: Annotated[int, Field(ge=0, le=MAX_LEG), BeforeValidator(whole)] | None
    replaces: (
        Annotated[str, Field(pattern="^[0-9a-f]{32}$", max_length=32, description="scan_id that this corrects")] | None
    )
    source: Annotated[Line, Field(description="who told it; default: the way it came in")] | None


ROW: TypeAdapter[ScanRow] = TypeAdapter(ScanRow)
SCHEMA_NAME = "ScanRow"
_FIELDS = tuple(ScanRow.__annotations__)
_validate = ROW.validator.validate_python


class RefusedRowError(InputError):
    """A row that is no scan; `problem` says where and why."""

    def __init__(self, pointer: str, detail: str, got: str) -> None:
        self.problem = FieldProblem(pointer=pointer, detail=detail, got=got)
        super().__init__(f"{pointer or 'the row'}: {detail}")


def scan_of(told: object, recorded_at: datetime, source: str, map_code: MapCode, vocabulary: str | None = None) -> Scan:
    """Return the scan that a decoded JSON value tells; RefusedRowError when it is none.

    `recorded_at` (aware) is now; `source` is used where the row names none. `vocabulary` is the code table of those who
    tell all carriers' codes in their own words, as trackers do.
    """
    row = _row(told)
    carrier, number = _number(row)
    time = _time(row)
    code, reason, party, map_version = _code(row, map_code, vocabulary)
    country = row.get("country")
    try:
        return Scan(
            carrier=carrier,
            tracking_number=number,
            code=code,
            occurred_at=time.occurred_at,
            recorded_at=recorded_at,
            utc_offset_min=time.utc_offset_min,
            reason=reason,
            party=party,
            facility_id=row.get("facility_id"),
            country=None if country is None else country.upper(),
            place=row.get("place"),
            raw_code=row.get("raw_code"),
            raw_text=row.get("raw_text"),
            leg=row.get("leg"),
            source=row.get("source") or source,
            map_version=map_version,
            replaces=row.get("replaces"),
            told_carrier=_told_carrier(row),
            doubts=time.doubts,
        )
    except InputError as error:
        raise RefusedRowError("", str(error), "a scan") from error


def _row(told: object) -> ScanRow:
    try:
        return cast(ScanRow, _validate(_few(told)))
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        raise RefusedRowError(pointer_of(("body", *first["loc"])), first["msg"], got_of(first)) from None


def _few(told: object) -> object:
    """Leave out all unknown fields but one where there are many: one is told, and to list them all takes its time."""
    if not isinstance(told, dict) or len(told) <= len(_FIELDS):
        return told
    unknown = next(name for name in told if name not in _FIELDS)
    return {name: told[name] for name in (*_FIELDS, unknown) if name in told}


def _number(row: ScanRow) -> tuple[str, str]:
    carrier, number, shipment_id = row.get("carrier"), row.get("tracking_number"), row.get("shipment_id")
    if shipment_id is not None:
        if number is None:
            return id_number(shipment_id)
        expected = "expected one of both: POST /v1/shipments tells which numbers a parcel has"
        raise RefusedRowError("/shipment_id", expected, "a tracking_number too")
    if carrier is None or number is None:
        missing = "/carrier" if carrier is None else "/tracking_number"
        raise RefusedRowError(missing, "expected carrier and tracking_number, or shipment_id", "nothing")
    return carrier_of(carrier), number


def _told_carrier(row: ScanRow) -> str | None:
    carrier = row.get("carrier")
    return None if carrier is None or row.get("shipment_id") is None else carrier_of(carrier)


def _time(row: ScanRow) -> ToldTime:
    text = row["occurred_at"]
    try:
        time = read_time(text, row.get("time_zone"))
        offset = row.get("utc_offset_min")
        if offset is None or time.utc_offset_min is not None:
            return time
        if OFFSET_MISSING in time.doubts:
            sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
            return read_time(f"{text.strip()}{sign}{hours:02}:{minutes:02}")
        return time._replace(utc_offset_min=offset)
    except InputError as error:
        # What is kept and reported of a refused row is `detail`, which must not hold values: names may stand anywhere.
        got, _, expected = str(error).rpartition("; ")
        raise RefusedRowError("/occurred_at", expected, got) from error


def _code(row: ScanRow, map_code: MapCode, vocabulary: str | None) -> tuple[str, str | None, str | None, str | None]:
    code, raw_code, carrier = row.get("code"), row.get("raw_code"), vocabulary or row.get("carrier")
    reason, party = row.get("reason"), row.get("party")
    if code is not None:
        return code, reason, party or REASONS.get(reason or ""), TOLD if raw_code is not None else None
    if reason is not None or party is not None:
        pointer = "/party" if reason is None else "/reason"
        raise RefusedRowError(pointer, "expected only with `code`: a code table tells it of a raw_code", "no code")
    if raw_code is None:
        raise RefusedRowError("/code", "expected code or raw_code", "nothing")
    if carrier is None:
        raise RefusedRowError("/carrier", "expected the carrier whose raw_code it is", "nothing")
    # A shop may have a table of its own by a carrier's other name.
    found = map_code(carrier, raw_code) or map_code(carrier_of(carrier), raw_code)
    return found or MappedCode(UNKNOWN_CODE, None, None, None)
