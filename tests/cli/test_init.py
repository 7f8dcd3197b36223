"""`linkage init` and the samples of `linkage check`."""

from __future__ import annotations

import json

ROWS = 'id,rec_type,name,tin,phone,dob\n1,P,"LEE, ANN",536-90-4399,(202) 555-0143,01/31/1980\n2,B,Acme Inc.,12-3456789,,\n3,P,Bob Ray,,,12/25/1971\n'


def test_init_then_check_then_run(tmp_path, linkage_):
    """What init writes is checked and run as it is."""
    file = tmp_path / "list.csv"
    file.write_text(ROWS, encoding="utf-8")
    code, out, err = linkage_("init", file, "--into", tmp_path / "p", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["datasets"]["list"]["roles"]["person"]["entity"] == "person"
    code, out, err = linkage_("check", tmp_path / "p", "--json")
    assert (code, err) == (0, "")
    samples = json.loads(out)["types"]["person"]["samples"]["list"]["person"]
    assert samples["birth_date"] == [
        {"original": "01/31/1980", "standardised": "1980-01-31"},
        {"original": "12/25/1971", "standardised": "1971-12-25"},
    ]
    assert samples["name"][0] == {"original": "LEE, ANN", "standardised": "ann lee"}
    assert samples["phone"] == [{"original": "(202) 555-0143", "standardised": "2025550143"}]
    code, _, err = linkage_("run", tmp_path / "p")
    assert (code, err) == (0, "")


def test_init_says_what_is_next(tmp_path, linkage_):
    """The tables of init name roles and what is not mapped, and the next command."""
    file = tmp_path / "list.csv"
    file.write_text(ROWS.replace("rec_type", "colour"), encoding="utf-8")
    code, out, _ = linkage_("init", file, "--into", tmp_path / "p")
    assert code == 0
    assert "DOUBTFUL" in out
    assert "linkage check" in out.replace("\n", " ")


def test_a_missing_file_is_refused_in_one_line(tmp_path, linkage_):
    """A file that is not there is one line on standard error, and nothing is written."""
    code, out, err = linkage_("init", tmp_path / "none.csv", "--into", tmp_path / "p")
    assert (code, out) == (1, "")
    assert err.startswith("linkage: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "p").exists()
