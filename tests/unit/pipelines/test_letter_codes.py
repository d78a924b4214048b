from __future__ import annotations

import re
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import redrive
from pipelines.letter_codes import CODES, UnknownCodeError, check

ROOT = Path(__file__).parents[3]
# A constant of these modules in snake case is a code, but for the name of the stage.
MODULES = ("ingest/limits", "ingest/foreign", "truth/transaction", "views/refused")


def test_an_unknown_code_is_refused_with_the_known_ones() -> None:
    options = PipelineOptions(["--codes", "not_xml, unknow_root"])
    with pytest.raises(UnknownCodeError, match="unknow_root: .*Did you mean unknown_root") as told:
        redrive.choice_of(options)
    assert all(code in str(told.value) for code in CODES)
    with pytest.raises(UnknownCodeError, match="no dead letter has this code. Known"):
        check(["?" * 300])


def test_known_codes_are_taken() -> None:
    assert redrive.choice_of(PipelineOptions(["--codes", ",".join(CODES)])).codes == tuple(CODES)


@pytest.mark.parametrize("module", MODULES)
def test_every_code_is_known_and_said(module: str) -> None:
    text = (ROOT / "transforms" / f"{module}.py").read_text("utf-8")
    codes = set(re.findall(r'^(?!STAGE)[A-Z_]+ = "([a-z]+(?:_[a-z]+)+)"$', text, re.MULTILINE))
    assert codes and codes <= set(CODES)
    assert all(CODES[code] for code in codes)
