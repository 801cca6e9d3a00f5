"""One carrier's code table: a CSV file whose header names its version and its sources, and whose rows rest on them.

    # carrier: dpd
    # version: 1
    # width: 2
    # source A: https://integrations.dpd.nl/dpd-shipper/other-information/statusdata-via-sftp
    raw_code,code,reason,party,source,note
    03,out_for_delivery,,,A,the driver leaves the destination depot

`width` says how many digits the carrier's numeric codes have, so that a 3 out of a spreadsheet is found as 03. A raw
code may have a detail after a slash (`DLVRF/DMGED`); a row for `*/AO` tells reason and party of that detail with any
code, and has no code of its own.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parcelcast.codes.vocabulary import PARTIES, REASONS
from parcelcast.errors import DataError
from parcelcast.scan import CODES

COLUMNS = ("raw_code", "code", "reason", "party", "source", "note")
ANY_CODE = "*/"

_HEADER = re.compile(r"#\s*(carrier|version|width|source \w+)\s*:\s*(\S.*?)\s*$")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """What one raw code means and which source it rests on; ``code`` is None for a detail that only tells a reason."""

    raw_code: str
    code: str | None
    reason: str | None
    party: str | None
    source: str
    note: str


@dataclass(frozen=True)
class CodeTable:
    """The rows of one carrier by normalised raw code; ``map_version`` is kept with every scan that it mapped."""

    carrier: str
    version: str
    rows: Mapping[str, CodeRow]
    width: int = 0

    @property
    def map_version(self) -> str:
        """Carrier and version, such as ``dpd-1``."""
        return f"{self.carrier}-{self.version}"

    def find(self, raw_code: str) -> tuple[CodeRow | None, CodeRow | None]:
        """Rows for the code and for its detail: one row for the whole raw code, else one for each part of it."""
        key = normalised(raw_code, self.width)
        whole = self.rows.get(key)
        if whole is not None or "/" not in key:
            return whole, None
        code, _, detail = key.partition("/")
        return self.rows.get(normalised(code, self.width)), self.rows.get(ANY_CODE + detail)


def normalised(raw_code: str, width: int) -> str:
    """Raw code without outer blanks and without case; numbers get leading zeros up to ``width`` digits.

    >>> normalised(" 3", 2), normalised("Delivered_001", 0)
    ('03', 'delivered_001')
    """
    code = raw_code.strip().casefold()
    return code.zfill(width) if code.isascii() and code.isdigit() else code


def read_table(path: Path) -> CodeTable:
    """Read and check one table (UTF-8); everything wrong with it is told at once (DataError), by line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read ({error})", file=str(path), remedy="give a UTF-8 CSV file") from error
    head = {match[1]: match[2] for line in lines if (match := _HEADER.match(line))}
    body = csv.DictReader(line for line in lines if not line.startswith("#"))
    problems = [f"no line '# {key}: ...'" for key in ("carrier", "version") if key not in head]
    problems += [f"no column {column}" for column in COLUMNS if column not in (body.fieldnames or ())]
    if not head.get("width", "0").isdecimal():
        problems.append(f"width {head['width']!r} is no number of digits")
    if problems:
        raise _wrong(path, problems)
    width = int(head.get("width", "0"))
    rows: dict[str, CodeRow] = {}
    for values in body:
        row = CodeRow(
            raw_code=values["raw_code"] or "",
            code=values["code"] or None,
            reason=values["reason"] or None,
            party=values["party"] or REASONS.get(values["reason"] or "") or None,
            source=head.get(f"source {values['source']}", ""),
            note=values["note"] or "",
        )
        key = normalised(row.raw_code, width)
        problems += [f"{row.raw_code!r}: {problem}" for problem in _problems(row, key in rows)]
        rows[key] = row
    if problems:
        raise _wrong(path, problems)
    return CodeTable(head["carrier"], head["version"], rows, width)


def _problems(row: CodeRow, repeated: bool) -> list[str]:  # noqa: FBT001 - one caller, beside it
    found = []
    if not row.raw_code:
        found.append("a row without a raw code")
    if repeated:
        found.append("stands twice")
    if row.raw_code.startswith(ANY_CODE) != (row.code is None) or row.code not in {None, *CODES}:
        found.append(f"code {row.code!r}; expected one of {', '.join(CODES)}, and none for a detail of any code")
    if row.reason not in {None, *REASONS}:
        found.append(f"reason {row.reason!r}; expected one of {', '.join(sorted(REASONS))}")
    if row.party not in {None, *PARTIES}:
        found.append(f"party {row.party!r}; expected one of {', '.join(PARTIES)}")
    if not row.source:
        found.append("no source; name one of the lines '# source X: ...'")
    return found


def _wrong(path: Path, problems: list[str]) -> DataError:
    told = "\n".join(f"- {problem}" for problem in problems[:20])
    return DataError(
        f"{len(problems)} mistakes in the code table:\n{told}\n",
        file=str(path),
        remedy="correct these rows; docs/codes.md says how a table is written",
    )
