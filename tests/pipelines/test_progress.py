import sys

from pipelines.progress import bar, steps


def test_where_nobody_watches_a_step_is_told_when_it_begins(capsys):
    with steps("train") as tell:
        tell("fit", 0.0)
        assert capsys.readouterr().err == "train: fit 0:00:00\n"
        tell("fit", 0.5)
        assert capsys.readouterr().err == ""

    assert capsys.readouterr().err == "train: done 0:00:00\n"


def test_finished_steps_stay_on_the_screen(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with steps("ingest") as tell:
        tell("reading orders")
        tell("writing shipments")

    shown = capsys.readouterr().err
    assert shown.index("ingest: reading orders") < shown.index("ingest: writing shipments")


def test_a_bar_counts_what_is_done(capsys):
    with bar("simulate", 10) as advance:
        advance(4)
        advance(6)

    assert "10/10" in capsys.readouterr().err


def test_a_step_that_tells_its_share_is_one_line_in_the_end(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with steps("train") as tell:
        tell("fit", 0.0)
        tell("fit", 0.5)
        tell("forecast")

    shown = capsys.readouterr().err.rpartition("\x1b[1A")[
        2
    ]  # what stays when the cursor has come down for the last time
    assert shown.count("train: fit") == 1
    assert "50%" not in shown
