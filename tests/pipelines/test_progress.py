from pipelines.progress import bar, steps


def test_finished_steps_stay_on_the_screen(capsys):
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


def test_a_step_that_tells_its_share_is_one_line_in_the_end(capsys):
    with steps("train") as tell:
        tell("fit", 0.0)
        tell("fit", 0.5)
        tell("forecast")

    shown = capsys.readouterr().err
    assert shown.count("train: fit") == 1
    assert "50%" not in shown
