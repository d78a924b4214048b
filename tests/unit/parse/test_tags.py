"""Texts of tags that no column holds are found by their path, and a path reaches nothing else."""

from __future__ import annotations

import pytest

from transforms.parse.codes import Unparsable
from transforms.parse.tags import TagError, finder

XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><nfeProc xmlns="urn:x"><NFe><infNFe Id="NFe1"><ide><indPres> 1 </indPres>'
    b'</ide><det nItem="1"><prod><cProd>A</cProd></prod></det><det nItem="2"><prod><cProd>B&amp;C</cProd></prod></det>'
    b"<p:transp xmlns:p='urn:p'><p:vagao>7</p:vagao></p:transp><indPres>9</indPres></infNFe></NFe></nfeProc>"
)


def test_texts_are_found_where_elements_follow_one_another_so() -> None:
    texts = finder(
        ["ide/indPres", "det/@nItem", "prod/cProd", "transp/vagao", "@Id", "ide/none", "det/prod", "indPres"]
    )
    assert texts(XML) == [["1"], ["1", "2"], ["A", "B&C"], ["7"], ["NFe1"], [], ["A", "B&C"], ["1", "9"]]


def test_a_document_in_another_encoding_is_read_as_it_was_stored() -> None:
    latin = "<a><b>São Paulo</b></a>".encode("latin-1")
    declared = '<?xml version="1.0" encoding="ISO-8859-1"?><a><b>Sé</b></a>'.encode("latin-1")
    assert finder(["a/b"])(latin) == [["São Paulo"]]
    assert finder(["b"])(declared) == [["Sé"]]


@pytest.mark.parametrize("path", ["", "/", "a//b", "@", "a/@", "a/@b/c", "a']|//*['", "x:y", "*", "..", "a/text()"])
def test_what_names_no_tag_is_refused(path: str) -> None:
    with pytest.raises(TagError, match="names no tag"):
        finder([path])


def test_what_is_not_well_formed_says_so() -> None:
    with pytest.raises(Unparsable):
        finder(["a"])(b"<a><b></a>")


def test_entities_of_a_hostile_document_are_not_expanded() -> None:
    hostile = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><b>&e;</b></a>'
    with pytest.raises(Unparsable):
        finder(["b"])(hostile)
