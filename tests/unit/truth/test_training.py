from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from local import train_dictionary
from local.generate import documents, leaves
from transforms.truth import codec
from transforms.truth.codec import Codec, Dictionary


@pytest.fixture(scope="module")
def samples() -> train_dictionary.Samples:
    return train_dictionary.samples_of(leaf.payload for each in documents(7, 300) for leaf in leaves(each))


def test_training_again_gives_the_same_dictionary_under_the_same_name(samples: train_dictionary.Samples) -> None:
    first, second = (train_dictionary.train(codec.JSON, samples.json, 8_192) for _ in range(2))
    assert first == second
    assert codec.dictionary_id_of(first.data) == first.dictionary_id >= 1 << 15


def test_another_content_is_another_name(samples: train_dictionary.Samples) -> None:
    whole = train_dictionary.train(codec.JSON, samples.json, 8_192)
    half = train_dictionary.train(codec.JSON, samples.json[::2], 8_192)
    assert whole.dictionary_id != half.dictionary_id


def test_neither_certificates_nor_signatures_are_learned(samples: train_dictionary.Samples) -> None:
    signed = [xml.split(b"\1") for xml in samples.xml if b"\0SignatureValue\0" in xml]
    # The first of each name: an event of an NFS-e has its request's signature, then its own, which stays text.
    found = [
        dict(reversed(list(zip(each[0].split(b"\0")[1::2], each[1].split(b"\0"), strict=True)))) for each in signed
    ]
    assert {each.get(b"X509Certificate", b"") for each in found} == {b""}
    # Some software breaks its base64 into lines; such a signature stays text.
    assert {each[b"SignatureValue"] for each in found if b"\n" not in each[b"SignatureValue"]} == {b""}


def test_what_the_official_schemas_name_is_learned() -> None:
    found = b"".join(train_dictionary.schemas())
    for rare in (b"<veicProd>", b"<arma>", b"<ISUF></ISUF>", b"<infCTeMultimodal>"):
        assert rare in found
    assert "<descEvento>Carta de Correção</descEvento>".encode() in found


def test_json_samples_are_what_is_stored(samples: train_dictionary.Samples) -> None:
    found = [orjson.loads(text) for text in samples.json]
    assert any("fields" in each for each in found)
    assert any(each.get("before") for each in found)
    assert any("known_by" in each for each in found)


def test_the_command_names_what_to_write_with_and_keeps_what_was_there(tmp_path: Path) -> None:
    earlier = tmp_path / "dictionaries" / "xml-40001.zdict"
    earlier.parent.mkdir()
    earlier.write_bytes(b"earlier")
    assert train_dictionary.main(["--count", "400", "--output", str(earlier.parent)]) == 0
    current = orjson.loads((earlier.parent / "current.json").read_bytes())
    found = {
        purpose: Dictionary(purpose, number, (earlier.parent / f"{purpose}-{number}.zdict").read_bytes())
        for purpose, number in current.items()
    }
    made = Codec(found.values(), current)
    assert made.decode_xml(made.encode_xml(b"<nfeProc/>")) == b"<nfeProc/>"
    assert earlier.read_bytes() == b"earlier"


def test_a_folder_with_too_little_in_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xml").write_bytes(b"<no document/>")
    assert train_dictionary.main(["--input", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "not enough" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_documents_not_learned_from_are_stored_small() -> None:
    """Measured: 9.7:1 with a signature, 5.9:1 without."""
    unseen = [leaf.payload for each in documents(4_711, 300) for leaf in leaves(each)]
    signed = [xml for xml in unseen if b"<SignatureValue>" in xml]
    unsigned = [xml for xml in unseen if b"SignatureValue" not in xml]
    assert len(signed) > 200
    assert _ratio(signed) > 8.5
    assert _ratio(unsigned) > 5


def _ratio(payloads: list[bytes]) -> float:
    shipped = codec.packaged_codec()
    return sum(map(len, payloads)) / sum(len(shipped.pack_xml(xml).stored) for xml in payloads)
