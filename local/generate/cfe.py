"""CF-e of SAT devices (59), layout 0.08, and its cancellation."""

from __future__ import annotations

from dataclasses import dataclass

from local.generate import markup
from local.generate.document import Generated
from local.generate.instants import Instant, draw, span_of
from local.generate.markup import brl, share
from local.generate.rng import Rng
from local.generate.world import Party, World
from transforms.access_key import CODE_OF_UF, check_digit
from transforms.model import DOCUMENT, EVENT

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


@dataclass(frozen=True)
class Cfe:
    """A sale that a device has signed; total in cents."""

    key: str
    issuer: Party
    issued: Instant
    number: int
    device: str
    total: int
    element: str

    def processed(self) -> Generated:
        """As the device gives it: there is no other form."""
        payload = f"{_DECLARATION}{self.element}".encode()
        return Generated(f"CFe{self.key}.xml", payload, DOCUMENT, self.key, "cfe", "cfe", "bare")


def cfe(rng: Rng, world: World, issuer: Party, series: int, number: int) -> Cfe:
    """A sale of one to four products in a shop, by the shop's device."""
    issued = draw(rng, issuer.uf, span_of(issuer.has_letters))
    device = f"{series:09d}"
    key = _key(rng, issuer, issued, device, number)
    items, total = [], 0
    for n in range(1, rng.between(1, 4) + 1):
        product = rng.pick(world.products)
        value = max(1, product.price // 100)
        total += value
        items.append(
            f'<det nItem="{n}"><prod><cProd>{product.code}</cProd><xProd>{product.description}</xProd>'
            f"<NCM>{product.ncm}</NCM><CFOP>5102</CFOP><uCom>{product.unit}</uCom><qCom>1.0000</qCom>"
            f"<vUnCom>{brl(value)}</vUnCom><vProd>{brl(value)}</vProd><indRegra>A</indRegra><vItem>{brl(value)}</vItem>"
            "</prod><imposto><ICMS><ICMS00><Orig>0</Orig><CST>00</CST><pICMS>18.00</pICMS>"
            f"<vICMS>{brl(share(value, 1800))}</vICMS></ICMS00></ICMS></imposto></det>"
        )
    buyer = f"<dest><CPF>{world.consumer(rng).id}</CPF></dest>" if rng.chance(0.3) else "<dest/>"
    body = (
        f'<infCFe Id="CFe{key}" versao="0.08" versaoDadosEnt="0.08" versaoSB="010300">{_ide(rng, key, issued, number)}'
        f"<emit>{issuer.id_tag}<xNome>{issuer.name}</xNome><enderEmit>{issuer.street_lines}<xMun>{issuer.city.name}"
        f"</xMun><CEP>{issuer.cep}</CEP></enderEmit><IE>{issuer.ie}</IE></emit>{buyer}{''.join(items)}<total><ICMSTot>"
        f"<vICMS>{brl(share(total, 1800))}</vICMS><vProd>{brl(total)}</vProd><vDesc>0.00</vDesc><vPIS>0.00</vPIS>"
        f"<vCOFINS>0.00</vCOFINS><vOutro>0.00</vOutro></ICMSTot><vCFe>{brl(total)}</vCFe></total><pgto><MP><cMP>01</cMP>"
        f"<vMP>{brl(total)}</vMP></MP><vTroco>0.00</vTroco></pgto></infCFe>"
    )
    element = f"<CFe>{body}{markup.signature(rng, f'CFe{key}', issuer, rng.base64(32))}</CFe>"
    return Cfe(key, issuer, issued, number, device, total, element)


def cancellation(rng: Rng, sale: Cfe, number: int) -> Generated:
    """The cancellation of a sale, within half an hour and with a number of its own; an event of the sale."""
    at = sale.issued.plus(rng.between(60, 1_700))
    key = _key(rng, sale.issuer, at, sale.device, number)
    body = (
        f'<infCFe Id="CFe{key}" chCanc="CFe{sale.key}" versao="0.08"><dEmi>{sale.issued.day.replace("-", "")}</dEmi>'
        f"<hEmi>{sale.issued.moment:%H%M%S}</hEmi>{_ide(rng, key, at, number)}<emit>{sale.issuer.id_tag}<xNome>"
        f"{sale.issuer.name}</xNome><IE>{sale.issuer.ie}</IE></emit><dest/><total><vCFe>{brl(sale.total)}</vCFe></total>"
        "</infCFe>"
    )
    text = f"<CFeCanc>{body}{markup.signature(rng, f'CFe{key}', sale.issuer, rng.base64(32))}</CFeCanc>"
    payload = f"{_DECLARATION}{text}".encode()
    return Generated(f"CFeCanc{key}.xml", payload, EVENT, sale.key, "cfe_110111", "cfe_event", "bare")


def _key(rng: Rng, issuer: Party, issued: Instant, device: str, number: int) -> str:
    body = f"{CODE_OF_UF[issuer.uf]}{issued.year_month}{issuer.id:0>14}59{device}{number:06d}{rng.digits(6)}"
    return body + check_digit(body)


def _ide(rng: Rng, key: str, at: Instant, number: int) -> str:
    return (
        f"<ide><cUF>{key[:2]}</cUF><cNF>{key[37:43]}</cNF><mod>59</mod><nserieSAT>{key[22:31]}</nserieSAT>"
        f"<nCFe>{number:06d}</nCFe><dEmi>{at.day.replace('-', '')}</dEmi><hEmi>{at.moment:%H%M%S}</hEmi>"
        f"<cDV>{key[43]}</cDV><tpAmb>1</tpAmb><CNPJ>16716114000172</CNPJ><signAC>{rng.base64(60)}</signAC>"
        f"<assinaturaQRCODE>{rng.base64(60)}</assinaturaQRCODE><numeroCaixa>001</numeroCaixa></ide>"
    )
