import subprocess
import sys

import pytest

from parcelcast.cli import main, parser
from parcelcast.commands.services import settings_of
from parcelcast.commands.stages import STAGES
from parcelcast.errors import InputError


def test_help_teaches_the_first_command(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])

    assert exit_.value.code == 0
    assert "./run demo" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "backtest", "serve", "key", "bench", "simulate", *STAGES])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])

    assert len(capsys.readouterr().out.splitlines()) > 4


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from parcelcast.cli import parser; parser().format_help();"
        "print(sorted({'numpy', 'pandas', 'lightgbm', 'fastapi', 'pyarrow'} & set(sys.modules)))"
    )

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"


def test_a_refusal_is_one_line_and_status_1(capsys, monkeypatch):
    def refuse(options) -> int:
        raise InputError("got 3 warehouses, expected 4; name the missing one")

    monkeypatch.setattr("parcelcast.commands.stages._stage", refuse)

    assert main(["publish"]) == 1
    assert capsys.readouterr().err == "parcelcast publish: got 3 warehouses, expected 4; name the missing one\n"


def test_a_folder_that_cannot_be_written_is_told_before_the_work(capsys, tmp_path):
    out = tmp_path / "results"
    out.write_text("a file", encoding="utf-8")
    window = ["--test-from", "2018-05-01", "--test-until", "2018-07-01"]

    assert main(["backtest", "--source", "canonical", "--data", "nowhere", *window, "--out", str(out)]) == 1
    assert f"parcelcast backtest: cannot read or write {out} (File exists)" in capsys.readouterr().err


def test_a_demo_that_is_only_prepared_says_what_comes_next(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("pipelines.demo.make_demo", lambda *_: tmp_path)

    assert main(["demo", "--prepare-only"]) == 0
    assert capsys.readouterr().out == "ready; the same command without --prepare-only serves it\n"


def test_dates_are_read_as_dates(capsys):
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args(["backtest", "--source", "olist", "--data", "d", "--test-from", "May", "--out", "o"])

    assert exit_.value.code == 2
    assert "--test-from: got 'May'; expected YYYY-MM-DD" in capsys.readouterr().err


def test_options_replace_settings_also_where_they_are_zero(monkeypatch):
    monkeypatch.setenv("PARCELCAST_PORT", "9000")

    assert settings_of(parser().parse_args(["serve", "--port", "0"])).port == 0
    assert settings_of(parser().parse_args(["serve"])).port == 9000


def test_a_key_needs_a_name(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PARCELCAST_KEYS", str(tmp_path / "keys.json"))

    assert main(["key", " "]) == 1
    assert "expected who will use it" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["key", "--scopes", "parcels:read", "shop"])
    assert "usage: ./run key NAME [--scopes" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_new_key_is_printed_once_and_only_its_hash_is_kept(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PARCELCAST_KEYS", str(tmp_path / "keys" / "keys.json"))

    assert main(["key", "shop"]) == 0

    secret = capsys.readouterr().out.strip().rpartition("_")[2]
    kept = (tmp_path / "keys" / "keys.json").read_text()
    assert '"name": "shop"' in kept
    assert secret not in kept
