"""What became of scans."""

from datetime import datetime

from pydantic import ConfigDict, Field, JsonValue

from serving.promises.answers import Said
from serving.scans.intake import TOLD_REFUSALS, Intake

EXAMPLE: dict[str, JsonValue] = {
    "received": 3,
    "accepted": 1,
    "duplicates": 1,
    "refused": 1,
    "unknown_codes": 0,
    "clocks_ahead": 0,
    "refusals": [
        {
            "index": 2,
            "pointer": "/occurred_at",
            "detail": "expected ISO 8601 such as 2027-03-01T10:00:00+01:00, in the years 1990 to 2199",
            "got": "the time 'yesterday'",
        }
    ],
}


class RefusalAnswer(Said):
    """A row that is no scan. It is set aside; correct it and send it again."""

    index: int = Field(description="which row, from 0; blank lines are not counted")
    pointer: str = Field(description="JSON pointer into the row")
    detail: str
    got: str


class ScansAnswer(Said):
    """Given after the commit: what was accepted or is a duplicate will not be lost."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    received: int
    accepted: int = Field(description="new scans")
    duplicates: int = Field(description="scans that are known, from earlier or from this request")
    refused: int = Field(description="rows that are no scans")
    unknown_codes: int = Field(description="scans read whose raw_code no table knows; they became info_only")
    clocks_ahead: int = Field(
        description="scans read whose time is more than 15 minutes after the server's; they count as of now"
    )
    refusals: list[RefusalAnswer] = Field(description=f"the first {TOLD_REFUSALS}")

    @classmethod
    def of(cls, intake: Intake) -> "ScansAnswer":
        """Return the answer for rows that were kept."""
        return cls(
            received=intake.received,
            accepted=intake.accepted,
            duplicates=intake.duplicates,
            refused=intake.refused,
            unknown_codes=intake.unknown_codes,
            clocks_ahead=intake.clocks_ahead,
            refusals=[
                RefusalAnswer(index=one.index, pointer=one.pointer, detail=one.detail, got=one.got)
                for one in intake.refusals
            ],
        )


class UnknownCodeAnswer(Said):
    """A raw code that no table knows."""

    raw_code: str
    source: str | None
    count: int
    example: str | None = Field(description="text that came with one of them")


class CarrierCodes(Said):
    """The unknown codes of one carrier, the most frequent first."""

    carrier: str
    scans: int
    codes: list[UnknownCodeAnswer]


class CodesReport(Said):
    """Raw codes that became info_only because no table knows them; docs/codes.md tells how to map one."""

    carriers: list[CarrierCodes]


class RefusedAnswer(Said):
    """A row that was set aside."""

    received_at: datetime
    source: str = Field(description="the way it came in: http, file, bus or a tracker")
    problem: str = Field(description="where in the row, and what was expected; no value of it is told")


class RefusedReport(Said):
    """Rows that are no scans, the newest first. They leave after PARCELCAST_KEEP_DAYS (by default 180)."""

    refused: list[RefusedAnswer]
    cursor: str | None = Field(description="`before` of the next, older page; null: there is none")
