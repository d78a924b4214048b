"""The invented economy of a seed: issuers, recipients and products, the same for every document of that seed."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape, unescape

from local.generate import words
from local.generate.certificate import Holder, certificate
from local.generate.identifiers import cnpj, cpf
from local.generate.rng import Rng


class Style(NamedTuple):
    """How one issuer's software writes: what makes documents of different issuers differ in bytes.

    ``declaration`` starts every file, ``wrap`` breaks base64 into lines, ``contact``, ``notes`` and ``accountant`` are
    put into every document, ``verbose`` ones fill optional groups.
    """

    software: str
    declaration: str
    wrap: bool
    contact: str
    notes: tuple[str, ...]
    accountant: str
    verbose: bool


@dataclass(frozen=True, eq=False)
class Party:
    """A company or person that issues or receives documents; texts are already escaped for XML.

    ``id_type`` is ``CNPJ``, ``CPF`` or ``foreign``; ``crt`` 1 is Simples Nacional, 3 the normal regime.
    """

    id: str
    id_type: str
    name: str
    trade_name: str
    ie: str
    crt: int
    city: words.City
    street: str
    number: str
    complement: str
    district: str
    cep: str
    phone: str
    email: str
    style: Style
    seed: int

    @property
    def uf(self) -> str:
        """Two-letter state."""
        return self.city.uf

    @property
    def has_letters(self) -> bool:
        """Whether the CNPJ has letters, so that it exists from July 2026 only."""
        return not self.id.isdigit()

    @cached_property
    def id_tag(self) -> str:
        """``<CNPJ>…</CNPJ>``, ``<CPF>…</CPF>`` or ``<idEstrangeiro>…</idEstrangeiro>``."""
        tag = "idEstrangeiro" if self.id_type == "foreign" else self.id_type
        return f"<{tag}>{self.id}</{tag}>"

    @cached_property
    def certificate(self) -> str:
        """Its X.509 certificate in base64: about 2 kB, always the same for one party."""
        rng = Rng(f"{self.seed}/certificate/{self.id}")
        holder = Holder(self.id, self.id_type, unescape(self.name), self.city.uf, self.city.name)
        text = b64encode(certificate(rng, holder)).decode("ascii")
        return wrapped(text) if self.style.wrap else text

    @cached_property
    def street_lines(self) -> str:
        """Street, number, complement, district, as every layout starts an address."""
        complement = f"<xCpl>{self.complement}</xCpl>" if self.complement else ""
        return f"<xLgr>{self.street}</xLgr><nro>{self.number}</nro>{complement}<xBairro>{self.district}</xBairro>"

    @cached_property
    def nfe_address(self) -> str:
        """Inside of enderEmit and enderDest of NF-e: the state before the postal code."""
        city = self.city
        return (
            f"{self.street_lines}<cMun>{city.code}</cMun><xMun>{city.name}</xMun><UF>{city.uf}</UF>"
            f"<CEP>{self.cep}</CEP><cPais>1058</cPais><xPais>Brasil</xPais><fone>{self.phone}</fone>"
        )

    @cached_property
    def transport_address(self) -> str:
        """Inside of an address of CT-e, MDF-e and NF3e, up to the state: the postal code comes first."""
        city = self.city
        return (
            f"{self.street_lines}<cMun>{city.code}</cMun><xMun>{city.name}</xMun><CEP>{self.cep}</CEP>"
            f"<UF>{city.uf}</UF>"
        )


class Product(NamedTuple):
    """What is sold; prices in ten-thousandths of BRL, ``profile`` decides how it is taxed."""

    code: str
    description: str
    ncm: str
    cest: str
    unit: str
    gtin: str
    price: int
    profile: int


class World:
    """The parties and products of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        rng = Rng(f"{seed}/world")
        self.sellers = [self._company(rng, words.SELLER_TRADES, n % 9 == 8) for n in range(36)]
        self.farmers = [self._person_with_farm(rng) for _ in range(3)]
        self.shops = [self._company(rng, words.SHOP_TRADES, n % 12 == 11) for n in range(24)]
        self.carriers = [self._company(rng, words.CARRIER_TRADES, n % 10 == 9) for n in range(20)]
        self.utilities = [self._company(rng, words.UTILITY_TRADES, False, crt=3) for _ in range(5)]
        self.suppliers = [self._company(rng, words.SELLER_TRADES, False) for _ in range(60)]
        self.buyers = [self._company(rng, words.BUYER_TRADES, False) for _ in range(240)]
        self.buyers_with_letters = [self._company(rng, words.BUYER_TRADES, True) for _ in range(12)]
        self.products = [self._product(rng, n) for n in range(400)]

    def _style(self, rng: Rng) -> Style:
        contact = ""
        if rng.chance(0.6):
            contact = (
                f"<infRespTec><CNPJ>{cnpj(rng)}</CNPJ><xContato>{rng.pick(words.GIVEN_NAMES)} "
                f"{rng.pick(words.SURNAMES)}</xContato><email>suporte@{rng.pick(_DOMAINS)}</email>"
                f"<fone>{rng.between(11, 99)}3{rng.digits(7)}</fone></infRespTec>"
            )
        declaration = rng.pick(_DECLARATIONS)
        notes = tuple(rng.pick(words.NOTES) for _ in range(rng.between(1, 3)))
        accountant = f"<autXML><CNPJ>{cnpj(rng)}</CNPJ></autXML>" if rng.chance(0.4) else ""
        return Style(
            rng.pick(words.SOFTWARE), declaration, rng.chance(0.12), contact, notes, accountant, rng.chance(0.3)
        )

    def _company(self, rng: Rng, trades: Sequence[str], letters: bool, crt: int = 0) -> Party:
        first = rng.pick(words.COMPANY_FIRST)
        name = f"{first} {rng.pick(trades)} {rng.pick(words.COMPANY_LAST)}"[:60]
        chosen_crt = crt or (3 if rng.chance(0.6) else 1)
        return self._party(rng, cnpj(rng, letters), "CNPJ", name, first, chosen_crt, self._style(rng))

    def _person_with_farm(self, rng: Rng) -> Party:
        name = f"{_person_name(rng)} - Produtor Rural"
        return self._party(rng, cpf(rng), "CPF", name, "", 3, self._style(rng))

    def _party(
        self, rng: Rng, identifier: str, id_type: str, name: str, trade_name: str, crt: int, style: Style
    ) -> Party:
        city = rng.pick(words.CITIES)
        shape = _shout if rng.chance(0.55) else escape
        complement = rng.pick(words.COMPLEMENTS) if rng.chance(0.3) else ""
        return Party(
            id=identifier,
            id_type=id_type,
            name=shape(name),
            trade_name=shape(trade_name),
            ie=rng.digits(rng.between(9, 12)),
            crt=crt,
            city=words.City(city.code, shape(city.name), city.uf, city.cep),
            street=shape(rng.pick(words.STREETS)),
            number=str(rng.between(1, 4999)) if rng.chance(0.92) else "S/N",
            complement=shape(complement),
            district=shape(rng.pick(words.DISTRICTS)),
            cep=f"{city.cep}{rng.digits(3)}",
            phone=f"{rng.between(11, 99)}3{rng.digits(7)}",
            email=f"fiscal{rng.between(1, 99)}@{rng.pick(_DOMAINS)}",
            style=style,
            seed=self.seed,
        )

    def _product(self, rng: Rng, number: int) -> Product:
        text, ncm, cest, unit, low, high = rng.pick(words.PRODUCTS)
        name = f"{text} {rng.pick(words.BRANDS)}"
        gtin = _gtin(rng) if rng.chance(0.6) else "SEM GTIN"
        price = rng.between(int(low) * 100, int(high) * 100)
        if rng.chance(0.8):
            price -= price % 100
        code = f"{number + 1:06d}" if rng.chance(0.7) else f"{ncm[:4]}.{number + 1:04d}"
        shape = _shout if rng.chance(0.7) else escape
        return Product(code, shape(name), ncm, cest, unit, gtin, price, rng.below(100))

    def recipient(self, rng: Rng, letters_exist: bool) -> Party:
        """A company that buys; one with letters in its CNPJ only when they exist at that date."""
        if letters_exist and rng.chance(0.08):
            return rng.pick(self.buyers_with_letters)
        return rng.pick(self.buyers)

    def consumer(self, rng: Rng) -> Party:
        """A person with a CPF, made up for one document."""
        return self._party(rng, cpf(rng), "CPF", _person_name(rng), "", 0, _NO_STYLE)


@lru_cache(maxsize=4)
def world_of(seed: int) -> World:
    """The world of a seed, made once."""
    return World(seed)


def wrapped(base64_text: str) -> str:
    """Base64 in lines of 76, as some signers write it."""
    return "\n".join(base64_text[i : i + 76] for i in range(0, len(base64_text), 76))


_DOMAINS = ("exemplo.com.br", "empresa.example", "contabil.example", "notas.example", "erp.example")
_DECLARATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<?xml version="1.0" encoding="utf-8"?>',
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    '<?xml version="1.0" encoding="UTF-8"?>\r\n',
    "",
)

_NO_STYLE = Style("", "", False, "", (), "", False)


def _shout(text: str) -> str:
    """Upper case without accents, as most fiscal software writes names."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return escape(plain.upper())


def _person_name(rng: Rng) -> str:
    return f"{rng.pick(words.GIVEN_NAMES)} {rng.pick(words.SURNAMES)} {rng.pick(words.SURNAMES)}"


def _gtin(rng: Rng) -> str:
    base = "789" + rng.digits(9)
    weighted = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(base))
    return f"{base}{-weighted % 10}"
