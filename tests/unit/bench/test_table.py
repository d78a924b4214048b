from __future__ import annotations

import pytest

from local.bench import table
from local.bench.__main__ import SUITE, main


def test_readme_shows_the_newest_results() -> None:
    readme = table.README.read_text()
    assert table.replaced(readme) == readme, "python -m local.bench --table"


def test_every_benchmark_that_is_run_is_shown() -> None:
    assert {bench.name for bench in SUITE} <= set(table.SHOWN)


def test_readme_without_marks_is_told() -> None:
    with pytest.raises(ValueError, match="README.md lacks"):
        table.replaced("# Acervo\n")


def test_mistyped_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prase"])
    assert "no benchmark is called prase; there are parse" in capsys.readouterr().err
