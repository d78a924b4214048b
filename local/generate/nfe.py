"""NF-e (55) and NFC-e (65), layouts 4.00 and 3.10."""

from __future__ import annotations

from dataclasses import replace

from local.generate import markup
from local.generate import nfe_parts as parts
from local.generate.document import Document, protocol
from local.generate.identifiers import access_key, some_key
from local.generate.instants import Instant, Span, draw, letters_exist, span_of
from local.generate.nfe_items import Totals, Trade, item
from local.generate.nfe_options import Options
from local.generate.rng import Rng
from local.generate.words import City
from local.generate.world import Party, World, world_of

_INNER_RATES = {"SP": 1_800, "RJ": 2_000, "MG": 1_800, "RS": 1_700, "SC": 1_700, "ES": 1_700, "PR": 1_950}
_LOWER_TO = frozenset(("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MS", "MT", "PA", "PB", "PE", "PI",
                       "RN", "RO", "RR", "SE", "TO"))  # fmt: skip
_RICHER = frozenset(("SP", "RJ", "MG", "PR", "RS", "SC"))
_FOREIGN_CITY = City("9999999", "EXTERIOR", "EX", "00000")


def nfe(
    rng: Rng,
    world: World | None = None,
    issuer: Party | None = None,
    recipient: Party | None = None,
    options: Options | None = None,
) -> Document:
    """An NF-e with its protocol; ``options.items`` may be up to 990 (the layout's limit)."""
    world = world or world_of(0)
    options = options or Options()
    retail = options.model == "65"
    issuer = issuer or rng.pick(world.shops if retail else world.sellers)
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    buyer = recipient or (_retail_buyer(rng, world) if retail else _buyer(rng, world, letters_exist(issued)))
    trade, operation = _trade(rng, issuer, buyer, issued, options)
    if operation[2] == "4" and not options.referenced and buyer is not None:
        # A return names the document that it takes back.
        options = replace(options, referenced=(some_key(rng, "55", issued, issuer.id, issuer.uf),))
    number = options.number or rng.between(1, 999_999)
    code = rng.digits(8)
    key = access_key(issuer.uf, issued, issuer.id, options.model, options.series, number, options.emission_type, code)
    totals = Totals()
    count = options.items or _item_count(rng, retail)
    details = "".join([item(rng, n, rng.pick(world.products), trade, totals) for n in range(1, count + 1)])
    ide = parts.ide(rng, key, issuer, buyer, issued, operation, trade, options)
    body = (
        f'<infNFe Id="NFe{key}" versao="{options.version}">{ide}{parts.emit(issuer)}'
        f"{parts.dest(buyer, retail, trade)}{issuer.style.accountant}{details}"
        f"{parts.total(totals, trade, issuer)}{parts.transport(rng, world, trade, retail)}"
        f"{parts.payment(rng, issued, totals, number, retail, options.version)}{parts.notes(rng, issuer)}</infNFe>"
    )
    supplement = parts.qr_code(rng, key, issuer, issued, totals, options) if retail else ""
    digest = rng.base64(20)
    sign = markup.signature(rng, f"NFe{key}", issuer, digest) if options.signed else ""
    return Document(
        what="nfce" if retail else "nfe",
        version=options.version,
        key=key,
        environment=options.environment,
        issuer=issuer,
        recipient=buyer,
        issued=issued,
        total=totals.total,
        icms=totals.icms,
        element=f'<NFe xmlns="{markup.NFE}">{body}{supplement}{sign}</NFe>',
        digest=digest,
        protocol=protocol(rng, issuer, issued, "NF-e", options.status),
    )


def legacy_nfe(rng: Rng, world: World, issuer: Party, options: Options, span: Span) -> Document:
    """An NF-e of layout 3.10, issued while that layout was accepted."""
    return nfe(rng, world, issuer, None, replace(options, version="3.10", issued=draw(rng, issuer.uf, span)))


_REFORM_YEAR = "26"


def _buyer(rng: Rng, world: World, letters: bool) -> Party:
    chosen = rng.random()
    if chosen < 0.86:
        return world.recipient(rng, letters)
    if chosen < 0.97:
        return world.consumer(rng)
    buyer = rng.pick(world.buyers)
    return replace(buyer, id=f"PASS{rng.digits(6)}", id_type="foreign", ie="", city=_FOREIGN_CITY)


def _retail_buyer(rng: Rng, world: World) -> Party | None:
    return world.consumer(rng) if rng.chance(0.25) else None


def _item_count(rng: Rng, retail: bool) -> int:
    chosen = rng.random()
    if chosen < 0.35:
        return 1
    if chosen < 0.85:
        return rng.between(2, 5)
    return rng.between(6, 18) if chosen < 0.99 or retail else rng.between(19, 60)


def _trade(
    rng: Rng, issuer: Party, buyer: Party | None, issued: Instant, options: Options
) -> tuple[Trade, tuple[str, str, str]]:
    """What the items share, and (text of the operation, tpNF, finNFe)."""
    abroad = buyer is not None and buyer.id_type == "foreign"
    interstate = buyer is not None and not abroad and buyer.uf != issuer.uf and options.model == "55"
    inner = _INNER_RATES.get(buyer.uf if buyer and not abroad else issuer.uf, 1_900)
    rate = inner
    if interstate and buyer is not None:
        rate = 700 if issuer.uf in _RICHER and buyer.uf in _LOWER_TO else 1_200
    elif abroad:
        rate = 0
    first = "7" if abroad else "6" if interstate else "5"
    text, end, kind, purpose = rng.pick(_OPERATIONS) if options.model == "55" and not abroad else _SALE
    if kind == "0":
        first = str(int(first) - 4)
    trade = Trade(
        simples=issuer.crt == 1,
        interstate=interstate,
        consumer=buyer is not None and buyer.id_type == "CPF",
        retail=options.model == "65",
        reform=issued.year_month[:2] == _REFORM_YEAR and issuer.crt == 3 and options.version == "4.00",
        modern=options.version == "4.00",
        freight=options.model == "55" and rng.chance(0.3),
        icms_rate=rate,
        inner_rate=inner,
        cfop=first + end,
        long_prices=len(issuer.style.software) % 2 == 0,
        order=f"<xPed>{rng.digits(6)}</xPed><nItemPed>1</nItemPed>" if issuer.style.verbose else "",
        made_on=issued.plus_days(-40),
        best_before=issued.plus_days(400),
    )
    return trade, (text, kind, purpose)


# natOp | last three digits of the CFOP | tpNF | finNFe
_SALE = ("Venda de mercadoria", "102", "1", "1")
_OPERATIONS = (
    _SALE, _SALE, ("VENDA DE MERCADORIA ADQUIRIDA OU RECEBIDA DE TERCEIROS", "102", "1", "1"),
    ("Venda de produção do estabelecimento", "101", "1", "1"), ("VENDA PRODUCAO PROPRIA", "101", "1", "1"),
    ("Remessa para conserto", "915", "1", "1"), ("Transferência entre filiais", "152", "1", "1"),
    ("Devolução de venda de mercadoria", "202", "0", "4"), ("REMESSA EM BONIFICACAO", "910", "1", "1"),
)  # fmt: skip
