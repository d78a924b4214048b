"""Pieces of XML text that every document type shares: amounts, signatures, protocols."""

from __future__ import annotations

from local.generate.rng import Rng
from local.generate.world import Party, wrapped

NFE = "http://www.portalfiscal.inf.br/nfe"
CTE = "http://www.portalfiscal.inf.br/cte"
MDFE = "http://www.portalfiscal.inf.br/mdfe"
NF3E = "http://www.portalfiscal.inf.br/nf3e"

_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_SIGNED_INFO = (
    f'<Signature xmlns="{_DSIG}"><SignedInfo><CanonicalizationMethod Algorithm="{_C14N}"/>'
    f'<SignatureMethod Algorithm="{_DSIG}rsa-sha1"/><Reference URI="#'
)
_TRANSFORMS = (
    f'"><Transforms><Transform Algorithm="{_DSIG}enveloped-signature"/><Transform Algorithm="{_C14N}"/></Transforms>'
    f'<DigestMethod Algorithm="{_DSIG}sha1"/><DigestValue>'
)


def brl(cents: int) -> str:
    """Cents as decimal text: 123450 is ``1234.50``."""
    return f"{cents // 100}.{cents % 100:02d}"


def share(amount: int, rate: int) -> int:
    """A rate in hundredths of a percent of an amount in cents, rounded half up."""
    return (amount * rate + 5_000) // 10_000


def percent(rate: int) -> str:
    """A rate in hundredths of a percent as NF-e writes it: 1800 is ``18.0000``."""
    return f"{rate // 100}.{rate % 100:02d}00"


def percent2(rate: int) -> str:
    """A rate in hundredths of a percent as CT-e writes it: 1200 is ``12.00``."""
    return f"{rate // 100}.{rate % 100:02d}"


def signature(rng: Rng, reference: str, signer: Party, digest: str) -> str:
    """A signature block of the size of a real one; its digest and value sign nothing."""
    value = rng.base64(256)
    if signer.style.wrap:
        value = wrapped(value)
    return (
        f"{_SIGNED_INFO}{reference}{_TRANSFORMS}{digest}</DigestValue></Reference></SignedInfo><SignatureValue>{value}"
        f"</SignatureValue><KeyInfo><X509Data><X509Certificate>{signer.certificate}</X509Certificate></X509Data>"
        "</KeyInfo></Signature>"
    )
