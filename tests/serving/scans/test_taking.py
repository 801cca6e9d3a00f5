"""`POST /v1/scans` over HTTP."""

import gzip
import json
import tracemalloc
import zlib
from datetime import UTC, datetime

import orjson
import pytest

from serving.errors import StoreUnavailableError
from serving.scans import recorder, streams
from serving.scans.endpoints import MAX_BATCH_BYTES, MAX_BATCH_ROWS
from serving.scans.lines import MAX_LINE_BYTES
from serving.scans.rows import EXAMPLES, RefusedRowError, scan_of
from serving.stores.scans import PROBLEM_CHARACTERS, REFUSED_BYTES
from tests.serving.scans.reports import PARCEL, counts, parcel, refused, row, rows, send, stream, timeline
from tests.serving.shop import READ_KEY, open_shop


def test_one_scan_is_kept_and_told_again_is_a_duplicate(shop):
    assert counts(send(shop, row())) == (1, 1, 0, 0)
    assert counts(send(shop, row(tracking_number=" 01 59 001"))) == (1, 0, 1, 0)

    (scan,) = parcel(shop).scans
    assert (scan.code, scan.source, scan.utc_offset_min) == ("hub_arrival", "http", 60)
    assert scan.recorded_at == shop.clock()


def test_the_documented_examples_are_scans(shop):
    assert counts(send(shop, EXAMPLES)) == (len(EXAMPLES), len(EXAMPLES), 0, 0)


def test_a_raw_code_is_mapped_and_an_unknown_one_is_counted(shop):
    told = [row(code=..., raw_code="3"), row(code=..., raw_code="never seen", raw_text="?")]

    assert send(shop, [*told, told[1]]).json()["unknown_codes"] == 2
    assert [(scan.code, scan.map_version) for scan in parcel(shop).scans] == [
        ("out_for_delivery", "dpd-1"),
        ("info_only", None),
    ]
    report = shop.get("/v1/reports/codes").json()
    assert report == {
        "carriers": [
            {
                "carrier": "dpd",
                "scans": 1,
                "codes": [{"raw_code": "never seen", "source": "http", "count": 1, "example": "?"}],
            }
        ]
    }


@pytest.mark.parametrize("carrier", ["dpd", "dpd-de"])
def test_a_shops_own_code_table_replaces_ours(carrier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "own.csv").write_text(
        f"# carrier: {carrier}\n# version: shop\n# source S: our own list\nraw_code,code,reason,party,source,note\n"
        "3,delivered,,,S,\n"
    )
    with open_shop(folder, codes=folder) as shop:
        shop.post("/v1/shipments", json=PARCEL)
        send(shop, row(carrier=carrier, code=..., raw_code="3"))
        assert [(scan.code, scan.map_version) for scan in parcel(shop).scans] == [("delivered", f"{carrier}-shop")]


def test_times_may_lack_an_offset(shop):
    told = [
        row(occurred_at="2026-11-22T10:00:00", time_zone="Europe/Berlin"),
        row(occurred_at="2026-11-22T10:00:00", utc_offset_min=-300),
        row(occurred_at="2026-11-22T10:00:00Z", utc_offset_min=60),
        row(occurred_at="2026-11-22T11:30:00"),
    ]
    send(shop, told)

    found = [(scan.occurred_at.hour, scan.utc_offset_min, scan.doubts) for scan in parcel(shop).scans]
    assert found == [
        (9, 60, ("offset_missing",)),
        (15, -300, ()),
        (10, 60, ()),
        (11, None, ("offset_missing", "time_zone_unknown")),
    ]


def test_a_scan_from_a_clock_that_is_ahead_is_told_and_counts_as_of_now(shop):
    times = ("2026-11-23T09:14:05Z", "2026-11-23T09:16:05Z", "2062-11-22T10:00:00Z")  # it is 09:00:05
    told = [row(occurred_at=time) for time in times]
    answer = send(shop, told)

    assert counts(answer) == (3, 3, 0, 0)
    assert answer.json()["clocks_ahead"] == 2
    assert stream(shop, b"\n".join(map(orjson.dumps, told))).json()["clocks_ahead"] == 2
    assert "parcelcast_scans_clock_ahead_total 4\n" in shop.get("/metrics").text
    timeline = shop.get("/v1/shipments/S-1").json()["timeline"]
    assert [entry["doubts"] for entry in timeline].count(["clock_ahead"]) == 2
    assert max(scan.happened_at for scan in parcel(shop).scans) == shop.clock()


def test_a_correction_names_the_scan_that_it_replaces(shop):
    send(shop, row(code="delivered"))
    (wrong,) = parcel(shop).scans

    assert counts(send(shop, row(code="delivery_attempted", reason="absent", replaces=wrong.scan_id))) == (1, 1, 0, 0)
    assert {(scan.code, scan.party) for scan in parcel(shop).scans} == {
        ("delivered", None),
        ("delivery_attempted", "recipient"),
    }


def test_the_timeline_tells_the_scan_id_that_a_correction_needs(shop):
    send(shop, row(code="delivered"))
    (wrong,) = timeline(shop)

    send(shop, row(code="delivery_attempted", reason="absent", replaces=wrong["scan_id"]))

    (corrected,) = timeline(shop)
    assert (corrected["code"], corrected["doubts"]) == ("delivery_attempted", [])
    send(shop, row(code="at_pickup_point", replaces=corrected["scan_id"]))
    assert [entry["code"] for entry in timeline(shop)] == ["at_pickup_point"]


def test_the_shops_own_dispatch_is_no_scan_to_correct(shop):
    assert shop.post("/v1/shipments", json={**PARCEL, "dispatched_at": "2026-11-21T10:00:00Z"}).status_code == 200

    assert [(entry["code"], entry["scan_id"]) for entry in timeline(shop)] == [("handed_over", None)]


def test_a_correction_of_a_scan_that_the_parcel_does_not_have_is_marked_until_that_comes(shop):
    send(shop, row(code="delivered"))
    (late,) = timeline(shop)
    other = row(occurred_at="2026-11-22T12:00:00Z", code="delivery_attempted")

    send(shop, {**other, "replaces": "0" * 32})
    assert [entry["doubts"] for entry in timeline(shop)] == [[], ["replaces_unknown"]]
    send(shop, {**other, "replaces": late["scan_id"]})
    assert [entry["doubts"] for entry in timeline(shop)] == [["replaces_unknown"], []]


WRONG = [
    ({"occurred_at": "yesterday"}, "/occurred_at"),
    ({"occurred_at": "1066-10-14T09:00:00Z"}, "/occurred_at"),
    ({"occurred_at": "2199-12-31T23:59:00-12:00"}, ""),
    ({"occurred_at": ...}, "/occurred_at"),
    ({"occurred_at": 1_763_805_600}, "/occurred_at"),
    ({"occurred_at": "2026-11-22T10:00:00", "time_zone": "Europe/Atlantis"}, "/occurred_at"),
    ({"code": "teleported"}, "/code"),
    ({"code": ...}, "/code"),
    ({"code": ..., "raw_code": "3", "carrier": ..., "tracking_number": ..., "shipment_id": "S-1"}, "/carrier"),
    ({"code": ..., "raw_code": "3", "reason": "absent"}, "/reason"),
    ({"carrier": ...}, "/carrier"),
    ({"tracking_number": "  "}, "/tracking_number"),
    ({"tracking_number": ...}, "/tracking_number"),
    ({"shipment_id": "S-1"}, "/shipment_id"),
    ({"place": "Leip\u0000zig"}, "/place"),
    ({"raw_text": "\u0000"}, "/raw_text"),
    ({"leg": 1.5}, "/leg"),
    ({"leg": 2**70}, "/leg"),
    ({"recipient": "Erika Mustermann"}, "/recipient"),
    ({"country": "Germany"}, "/country"),
    ({"replaces": "x"}, "/replaces"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_bad_row_is_pointed_at_set_aside_and_holds_no_other_back(shop, number):
    change, pointer = WRONG[number]
    bad = json.dumps(row(**change)).encode()  # orjson would not write a number of 70 bits
    good = orjson.dumps(row())

    alone = send(shop, bad)
    among = send(shop, b"[" + bad + b"," + good + b"," + bad + b"]")

    assert alone.status_code == 422
    assert alone.json()["errors"][0]["pointer"] == pointer
    assert counts(among) == (3, 1, 0, 2)
    assert [(one["index"], one["pointer"]) for one in among.json()["refusals"]] == [(0, pointer), (2, pointer)]
    assert len(refused(shop)) == 3
    assert len(parcel(shop).scans) == 1


HOSTILE = {
    "half a character": b'{"place": "\\ud800"}',
    "bad UTF-8": b'{"place": "\xff\xfe"}',
    "a number without end": b'{"leg": 1e999}',
    "a number of many digits": b'{"leg": 1' + b"0" * 400 + b"}",
    "not a number": b'{"leg": NaN}',
    "lists in lists": b'{"leg": ' + b"[" * 300 + b"]" * 300 + b"}",
    "a list": b"[1]",
    "a text": b'"x"',
    "nothing": b"null",
    "the same name twice": b'{"leg": 1, "leg": "x"}',
    "a NUL in a name": b'{"occurred_at": "2026-11-22T10:00:00Z", "x\\u0000": 1}',
    "half a character in a name": b'{"occurred_at": "2026-11-22T10:00:00Z", "x\\ud800": 1}',
    "bad UTF-8 in a name": b'{"occurred_at": "2026-11-22T10:00:00Z", "x\xff": 1}',
    "a long name": b'{"occurred_at": "2026-11-22T10:00:00Z", "' + b"x" * 60_000 + b'": 1}',
}


@pytest.fixture
def each_shop(database_url, tmp_path):
    with open_shop(tmp_path, database=database_url) as shop:
        assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
        yield shop


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_row_costs_no_good_one(each_shop, kind):
    good = orjson.dumps(row())

    assert counts(send(each_shop, b"[" + HOSTILE[kind] + b"," + good + b"]")) == (2, 1, 0, 1)
    assert counts(stream(each_shop, HOSTILE[kind] + b"\n" + good)) == (2, 0, 1, 1)
    assert len(parcel(each_shop).scans) == 1
    for problem, _ in refused(each_shop):
        assert "\0" not in problem
        assert len(problem) <= PROBLEM_CHARACTERS


def test_many_unknown_fields_are_not_listed_to_tell_one():
    wide = {**row(place="x" * 101), **dict.fromkeys(map(str, range(50_000)), 0)}
    tracemalloc.start()
    try:
        with pytest.raises(RefusedRowError) as caught:
            scan_of(wide, datetime(2026, 11, 23, tzinfo=UTC), "test", lambda *_: None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caught.value.problem.pointer == "/place"
    assert peak < 1_000_000


UNREADABLE = {
    "no JSON": b"<scan/>",
    "cut off": b'[{"carrier": "dpd"',
    "deep": b"[" * 100_000,
    "too many digits": b"1" * 10_000,
    "nothing": b"",
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_json_is_refused_as_a_whole(shop, kind):
    assert send(shop, UNREADABLE[kind]).status_code == 400
    assert stream(shop, UNREADABLE[kind] + b"\n").status_code == (200 if kind == "nothing" else 422)


def test_no_rows_and_too_many_rows_are_refused(shop):
    assert send(shop, []).status_code == 422
    assert send(shop, [row()] * (MAX_BATCH_ROWS + 1)).status_code == 422
    assert counts(send(shop, [row()] * MAX_BATCH_ROWS)) == (MAX_BATCH_ROWS, 1, MAX_BATCH_ROWS - 1, 0)


def test_a_list_may_not_be_larger_than_stated(shop):
    answer = send(shop, b" " * (MAX_BATCH_BYTES + 1))

    assert answer.status_code == 413
    assert str(MAX_BATCH_BYTES) in answer.json()["detail"]


def test_other_types_of_body_are_refused(shop):
    assert send(shop, row(), headers={"content-type": "text/csv"}).status_code == 415
    assert send(shop, row(), headers={"content-encoding": "br"}).status_code == 415


def test_a_stream_is_kept_line_by_line(shop):
    lines = b"\n".join(orjson.dumps(one) for one in rows(2_500))
    answer = stream(shop, lines + b"\r\n\n{\n" + orjson.dumps(row(code="no")) + b"\n" + lines)

    assert counts(answer) == (5_002, 2_500, 2_500, 2)
    assert [one["index"] for one in answer.json()["refusals"]] == [2_500, 2_501]
    assert len(parcel(shop).scans) == 2_500


def test_a_byte_order_mark_costs_no_scan(shop):
    mark, (one, other) = b"\xef\xbb\xbf", map(orjson.dumps, rows(2))

    assert counts(send(shop, mark + one)) == (1, 1, 0, 0)
    assert counts(stream(shop, mark + one + b"\r\n" + other)) == (2, 1, 1, 0)


def test_a_long_line_is_refused_and_cut(shop):
    good = orjson.dumps(row())
    long = b'{"place": "' + b"x" * 10_000_000 + b'"}'

    answer = stream(shop, good + b"\n" + long + b"\n" + orjson.dumps(row(code="delivered")))

    assert counts(answer) == (3, 2, 0, 1)
    ((problem, content),) = refused(shop)
    assert f"more than {MAX_LINE_BYTES} bytes" in problem
    assert content == long[:REFUSED_BYTES]


def test_bodies_may_be_packed(shop):
    lines = b"\n".join(orjson.dumps(one) for one in rows(300))
    packed = gzip.compress(lines[:10_000]) + gzip.compress(lines[10_000:])

    assert counts(stream(shop, packed, **{"content-encoding": "gzip"})) == (300, 300, 0, 0)
    one = gzip.compress(orjson.dumps(row(code="delivered")))
    assert counts(send(shop, one, headers={"content-encoding": "gzip"})) == (1, 1, 0, 0)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072])
def test_a_packed_body_may_have_any_size(shop, size):
    one, other = orjson.dumps(row()).ljust(size, b"\n"), orjson.dumps(row(code="delivered")).ljust(size, b"\n")
    packed = {"content-encoding": "gzip"}

    assert counts(send(shop, gzip.compress(orjson.dumps([row()]).ljust(size)), headers=packed)) == (1, 1, 0, 0)
    assert counts(stream(shop, gzip.compress(one), **packed)) == (1, 0, 1, 0)
    assert counts(stream(shop, gzip.compress(one) + gzip.compress(other), **packed)) == (2, 1, 1, 0)


def test_a_packed_stream_that_breaks_off_keeps_what_came(shop):
    packed = gzip.compress(b"\n".join(orjson.dumps(one) for one in rows(5_000)))

    cut = stream(shop, packed[: len(packed) // 2], **{"content-encoding": "gzip"})
    kept = len(parcel(shop).scans)

    assert cut.status_code == 422
    assert "ends too early" in cut.json()["detail"]
    assert kept >= 1_000
    assert counts(stream(shop, packed, **{"content-encoding": "gzip"})) == (5_000, 5_000 - kept, kept, 0)


def test_what_is_packed_wrongly_is_told(shop):
    for content in (b"no gzip", zlib.compress(b"{}"), gzip.compress(b"{}") + b"rest"):
        assert send(shop, content, headers={"content-encoding": "gzip"}).status_code == 422


def test_a_bomb_is_refused_by_what_it_unpacks_to(shop):
    bomb = gzip.compress(b" " * (MAX_BATCH_BYTES + 1))
    assert len(bomb) < 10_000

    assert send(shop, bomb, headers={"content-encoding": "gzip"}).status_code == 413


def test_a_stream_has_an_end(shop, monkeypatch):
    monkeypatch.setattr(streams, "MAX_STREAM_BYTES", 100_000)

    assert stream(shop, b"\n" * 100_001).status_code == 413
    assert counts(stream(shop, orjson.dumps(row()) + b"\n" * 10_000)) == (1, 1, 0, 0)


def test_nothing_is_acknowledged_that_is_not_kept(shop, monkeypatch):
    def broken(*_):
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(recorder, "keep", broken)
    answers = [send(shop, row()), send(shop, rows(3)), stream(shop, orjson.dumps(row()))]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert "the disk is full" in answers[0].json()["detail"]

    monkeypatch.undo()
    assert counts(send(shop, row())) == (1, 1, 0, 0)


def test_what_was_set_aside_is_reported_without_what_it_held(shop):
    send(
        shop, [row(occurred_at="Kim Muster; Hauptstr. 1"), row(), row(time_zone="Kim/Muster", occurred_at="2026-11-22")]
    )
    stream(shop, b"Kim Muster, Hauptstr. 1")

    report = shop.get("/v1/reports/refused").json()

    assert [(one["source"], one["problem"].split(":")[0]) for one in report["refused"]] == [
        ("http", "no JSON"),
        ("http", "/occurred_at"),
        ("http", "/occurred_at"),
    ]
    assert report["cursor"] is None
    assert "expected ISO 8601" in report["refused"][2]["problem"]
    assert report["refused"][0]["received_at"] == "2026-11-23T09:00:05Z"
    assert not any(word in str(report) for word in ("Kim", "Muster", "Haupt"))


def test_what_was_set_aside_is_reported_in_pages(shop):
    send(shop, [row(), *(row(occurred_at="x") for _ in range(3))])

    first = shop.get("/v1/reports/refused?limit=2").json()
    rest = shop.get(f"/v1/reports/refused?limit=2&before={first['cursor']}").json()

    assert [len(page["refused"]) for page in (first, rest)] == [2, 1]
    assert rest["cursor"] is None
    assert shop.get("/v1/reports/refused?limit=501").status_code == 422
    assert shop.get("/v1/reports/refused?before=x").status_code == 422


def test_rows_that_are_no_scans_are_counted_by_source(shop):
    assert "scans_refused_total" not in shop.get("/metrics").text
    send(shop, [row(), row(occurred_at="x"), row(code="no")])
    stream(shop, b"x")

    assert 'parcelcast_scans_refused_total{source="http"} 3\n' in shop.get("/metrics").text


def test_it_needs_the_scope_for_parcels(shop):
    shop.key = READ_KEY
    assert send(shop, row()).status_code == 403
    assert shop.get("/v1/reports/codes").status_code == 403
    assert shop.get("/v1/reports/refused").status_code == 403
    shop.key = None
    assert send(shop, row()).status_code == 401


def test_what_came_before_a_connection_broke_is_kept(shop, caplog):
    lines = b"".join(orjson.dumps(one) + b"\n" for one in rows(2_500))
    messages = iter(
        [
            {"type": "http.request", "body": lines, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    headers = [(b"content-type", b"application/x-ndjson"), (b"authorization", f"Bearer {shop.key}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/scans", "query_string": b"", "headers": headers}
    sent = []

    async def receive():
        return next(messages)

    async def send_(message):
        sent.append(message)

    shop.portal.call(shop.asgi, {**scope, "raw_path": b"/v1/scans", "root_path": ""}, receive, send_)

    assert len(parcel(shop).scans) == 2_000
    assert sent[0]["status"] == 400
    assert "unexpected" not in caplog.text  # it happens, and is nobody's mistake here


def test_postgresql_refuses_nothing_that_was_read(each_shop):
    good = orjson.dumps(row(raw_text="\u2028\\u0000 \U0001f4e6", place="K\u00f6ln", leg=2))
    body = b"[" + b",".join([*HOSTILE.values(), good, orjson.dumps(row(code=..., raw_code="\\N"))]) + b"]"

    assert counts(send(each_shop, body)) == (len(HOSTILE) + 2, 2, 0, len(HOSTILE))
    assert len(refused(each_shop)) == len(HOSTILE)
    assert {scan.place for scan in parcel(each_shop).scans} == {"K\u00f6ln", None}
