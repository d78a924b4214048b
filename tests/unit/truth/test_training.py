from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from local.generate import documents, leaves
from pipelines import train_dictionary
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


def test_certificates_are_not_learned(samples: train_dictionary.Samples) -> None:
    signed = [xml for xml in samples.xml if b"<X509Certificate>" in xml]
    assert signed
    assert all(b"<X509Certificate></X509Certificate>" in xml for xml in signed)


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


def test_shipped_dictionaries_pay_on_documents_they_have_not_seen() -> None:
    unseen = [leaf.payload for each in documents(4_711, 200) for leaf in leaves(each)]
    shipped, without = codec.packaged_codec(), Codec((), {})
    with_dictionary = sum(len(shipped.pack_xml(xml).stored) for xml in unseen)
    assert with_dictionary * 1.5 < sum(len(without.pack_xml(xml).stored) for xml in unseen)
