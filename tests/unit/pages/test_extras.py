from __future__ import annotations

import sys

import pytest

from pipelines import extras, report


def test_what_is_not_installed_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    extras.needed("altair", "jinja2", "vl_convert")
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "vl_convert" else sys)
    assert report.main(["--out", "unwritten.html"]) == 2
    told = capsys.readouterr().err
    assert "vl_convert" in told and "pip install 'acervo[report]'" in told and "Traceback" not in told
