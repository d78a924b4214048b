from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from lxml import etree

from local.generate import Document, Rng, documents, world_of
from local.generate.cte import cte, cteos
from local.generate.identifiers import cnpj, cpf
from local.generate.instants import LETTERS
from local.generate.mdfe import mdfe
from local.generate.nf3e import nf3e
from local.generate.nfe import nfe
from local.generate.nfe_options import Options
from transforms import access_key

BUILDERS = {"nfe": nfe, "cte": cte, "cteos": cteos, "mdfe": mdfe, "nf3e": nf3e}


def _samples(name: str, count: int = 60) -> Iterator[tuple[Document, etree._Element]]:
    for n in range(count):
        document = BUILDERS[name](Rng(f"{name}/{n}"), world_of(21))
        yield document, etree.fromstring(document.processed_text())


def _text(root: etree._Element, path: str) -> str:
    return root.findtext("/".join(f"{{*}}{step}" for step in path.split("/"))) or ""


def _sum(root: etree._Element, path: str) -> Decimal:
    found = root.iterfind(".//{*}det/" + "/".join(f"{{*}}{step}" for step in path.split("/")))
    return sum((Decimal(element.text or "") for element in found), Decimal("0.00"))


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_the_key_agrees_with_the_document(name: str) -> None:
    for document, root in _samples(name):
        key = access_key.split(document.key)
        body = root[0][0]
        assert access_key.check_digit(document.key) == key.check_digit
        assert body.get("Id", "")[-44:] == document.key
        assert _text(body, "ide/mod") == key.model
        assert int(_text(body, "ide/serie")) == int(key.series)
        number = _text(body, "ide/nNF") or _text(body, "ide/nCT") or _text(body, "ide/nMDF")
        assert int(number) == int(key.number)
        assert _text(body, "ide/dhEmi")[2:7].replace("-", "") == key.year_month
        assert _text(body, "emit/enderEmit/UF") == key.uf
        assert (_text(body, "emit/CNPJ") or _text(body, "emit/CPF")) == key.issuer_id
        assert _text(body, "ide/cDV") == key.check_digit


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_the_protocol_agrees_with_the_document(name: str) -> None:
    for document, root in _samples(name, 20):
        protocol = root[1][0]
        tag = document.family.key_tag
        assert _text(protocol, tag) == document.key
        assert _text(protocol, "digVal") == root.findtext(".//{*}DigestValue")
        assert _text(protocol, "dhRecbto") > _text(root[0][0], "ide/dhEmi")
        assert _text(protocol, "nProt")[:5] == f"1{document.key[:2]}{_text(protocol, 'dhRecbto')[2:4]}"


def test_nfe_totals_are_the_sums_of_the_items() -> None:
    taxed_forms = set()
    for document, root in _samples("nfe", 400):
        total = root.find(".//{*}ICMSTot")
        for name, path in {
            "vProd": "prod/vProd", "vFrete": "prod/vFrete", "vSeg": "prod/vSeg", "vDesc": "prod/vDesc",
            "vOutro": "prod/vOutro", "vICMS": "imposto/ICMS/*/vICMS", "vBC": "imposto/ICMS/*/vBC",
            "vST": "imposto/ICMS/*/vICMSST", "vBCST": "imposto/ICMS/*/vBCST", "vFCP": "imposto/ICMS/*/vFCP",
            "vICMSDeson": "imposto/ICMS/*/vICMSDeson", "vIPI": "imposto/IPI/IPITrib/vIPI",
            "vPIS": "imposto/PIS/*/vPIS", "vCOFINS": "imposto/COFINS/*/vCOFINS",
        }.items():  # fmt: skip
            assert Decimal(_text(total, name)) == _sum(root, path), (document.key, name)
        signed = {"vProd": 1, "vDesc": -1, "vST": 1, "vFrete": 1, "vSeg": 1, "vOutro": 1, "vII": 1, "vIPI": 1}
        assert Decimal(_text(total, "vNF")) == sum(sign * Decimal(_text(total, name)) for name, sign in signed.items())
        assert Decimal(_text(total, "vNF")) == Decimal(document.total) / 100
        assert Decimal(_text(total, "vTotTrib") or "0") == _sum(root, "imposto/vTotTrib")
        assert Decimal(_text(total, "vICMSUFDest") or "0") == _sum(root, "imposto/ICMSUFDest/vICMSUFDest")
        taxed_forms |= {element.tag.rpartition("}")[2] for element in root.iterfind(".//{*}ICMS/*")}
    assert len(taxed_forms) > 9


def test_an_item_is_worth_its_quantity_times_its_price() -> None:
    for _, root in _samples("nfe"):
        for item in root.iterfind(".//{*}det/{*}prod"):
            product = Decimal(_text(item, "qCom")) * Decimal(_text(item, "vUnCom"))
            assert abs(product - Decimal(_text(item, "vProd"))) <= Decimal("0.005")


def test_ibs_and_cbs_from_2026_and_only_in_the_normal_regime() -> None:
    reformed = 0
    for document, root in _samples("nfe", 300):
        total = root.find(".//{*}IBSCBSTot")
        assert (total is not None) == (document.issued.moment.year == 2026 and document.issuer.crt == 3)
        if total is not None:
            reformed += 1
            assert Decimal(_text(total, "gIBS/vIBS")) == _sum(root, "imposto/IBSCBS/gIBSCBS/vIBS")
            assert Decimal(_text(total, "gCBS/vCBS")) == _sum(root, "imposto/IBSCBS/gIBSCBS/gCBS/vCBS")
    assert reformed > 20


def test_the_bill_and_the_payment_are_the_total() -> None:
    for _, root in _samples("nfe"):
        parts = [Decimal(element.text or "") for element in root.iterfind(".//{*}dup/{*}vDup")]
        total = Decimal(root.findtext(".//{*}ICMSTot/{*}vNF") or "")
        assert not parts or sum(parts) == total
        assert Decimal(root.findtext(".//{*}detPag/{*}vPag") or "") == total


def test_cte_components_are_the_price() -> None:
    for document, root in _samples("cte"):
        parts = sum(Decimal(element.text or "") for element in root.iterfind(".//{*}Comp/{*}vComp"))
        assert parts == Decimal(root.findtext(".//{*}vTPrest") or "") == Decimal(document.total) / 100


def test_mdfe_counts_the_documents_it_carries() -> None:
    for _, root in _samples("mdfe"):
        body = root[0][0]
        assert int(_text(body, "tot/qCTe") or 0) == len(body.findall(".//{*}infCTe"))
        assert int(_text(body, "tot/qNFe") or 0) == len(body.findall(".//{*}infNFe"))


def test_nf3e_totals_are_the_sums_of_the_items() -> None:
    for _, root in _samples("nf3e"):
        assert Decimal(root.findtext(".//{*}total/{*}vNF") or "") == _sum(root, "detItem/prod/vProd")
        assert Decimal(root.findtext(".//{*}total//{*}vICMS") or "") == _sum(root, "detItem/imposto/ICMS00/vICMS")


def test_issuers_and_recipients_have_valid_identifiers() -> None:
    kinds = set()
    for document, _ in _samples("nfe", 300):
        for party in (document.issuer, document.recipient):
            assert party is not None
            kinds.add(party.id_type)
            assert party.id_type == "foreign" or access_key.is_cnpj(party.id) or access_key.is_cpf(party.id)
    assert kinds == {"CNPJ", "CPF", "foreign"}


def test_a_person_may_issue() -> None:
    farmer = world_of(21).farmers[0]
    key = access_key.split(nfe(Rng("farm"), world_of(21), farmer).key)
    assert key.issuer_is_person
    assert key.issuer_id == farmer.id


def test_letters_are_in_keys_from_july_2026_only() -> None:
    lettered = 0
    for generated in documents(22, 3000):
        if generated.key and not generated.key.removeprefix("ID").removeprefix("DPS").isdigit():
            lettered += 1
            month = access_key.split(generated.key).year_month
            assert generated.key.startswith(("ID", "DPS")) or "2607" <= month <= "2610"
    assert lettered > 50
    assert LETTERS.first.isoformat() == "2026-07-06"


@pytest.mark.parametrize("letters", [False, True])
def test_identifiers_have_right_check_digits(letters: bool) -> None:
    rng = Rng("identifiers")
    for _ in range(300):
        made = cnpj(rng, letters)
        assert access_key.is_cnpj(made)
        assert made.isdigit() is not letters
        assert access_key.is_cpf(cpf(rng))


def test_a_signature_has_the_size_and_the_certificate_of_its_issuer() -> None:
    world = world_of(21)
    issuer = world.sellers[0]
    first, second = (nfe(Rng(f"signed/{n}"), world, issuer).element for n in (1, 2))
    certificates = [etree.fromstring(text).findtext(".//{*}X509Certificate") for text in (first, second)]
    assert certificates[0] == certificates[1] == issuer.certificate
    assert 1_800 < len(issuer.certificate) < 2_300
    assert issuer.certificate != world.sellers[1].certificate
    values = [etree.fromstring(text).findtext(".//{*}SignatureValue") for text in (first, second)]
    assert values[0] != values[1]


def test_an_unsigned_document_has_no_signature() -> None:
    assert "<Signature" not in nfe(Rng("unsigned"), options=Options(signed=False)).element


def test_chosen_options_are_kept() -> None:
    document = nfe(Rng("chosen"), options=Options(series=33, number=77, items=3, status=302, referenced=("4" * 44,)))
    root = etree.fromstring(document.processed_text())
    assert (document.key[22:25], document.key[25:34]) == ("033", "000000077")
    assert len(root.findall(".//{*}det")) == 3
    assert root.findtext(".//{*}protNFe//{*}cStat") == "302"
    assert root.findtext(".//{*}refNFe") == "4" * 44
