"""Events of the younger documents: NF3e, NFCom and BP-e. Names of the types: their event schemas, version 1.00."""

from transforms.parse.event_layout import event_layout

_SHARED = {
    "110111": "cancellation",
    "110300": "payment_link",
    "110301": "payment_link_cancellation",
    "240140": "substituted",
    "240150": "adjusted",
}

LAYOUTS = (
    event_layout("nf3e", "eventoNF3e", ("procEventoNF3e",), ("66",), _SHARED),
    event_layout("nfcom", "eventoNFCom", ("procEventoNFCom",), ("62",), _SHARED),
    event_layout(
        "bpe",
        "eventoBPe",
        ("procEventoBPe",),
        ("63",),
        {
            **_SHARED,
            "110115": "not_boarded",
            "110116": "seat_change",
            "110117": "excess_baggage",
        },
    ),
)
