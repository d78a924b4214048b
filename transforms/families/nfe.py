"""NF-e (55) and NFC-e (65).

Events: the table of events of the Manual de Orientação do Contribuinte 7.00 (anexo of web services), Nota Técnica
2014.002 (distribution), 2020.001 (delivery proof), 2021.001 (failed delivery), 2024.002 (financial conciliation),
2025.002 (IBS/CBS). Manifestation: Ajuste SINIEF 07/05. An event type that is not here is kept, as of unknown type.
"""

from __future__ import annotations

from transforms.families import common, statuses
from transforms.families.family import Attribute, EventRule, Family

EVENT_NAMES = {
    "110001": "event_cancellation",
    "110110": "correction",
    "110111": "cancellation",
    "110112": "cancellation_by_substitution",
    "110130": "delivery_proof",
    "110131": "delivery_proof_cancellation",
    "110140": "epec",
    "110150": "interested_actor",
    "110192": "delivery_failure",
    "110193": "delivery_failure_cancellation",
    "110750": "financial_conciliation",
    "110751": "financial_conciliation_cancellation",
    "111500": "extension_request_1",
    "111501": "extension_request_2",
    "111502": "extension_request_1_cancellation",
    "111503": "extension_request_2_cancellation",
    "112110": "full_payment",
    "112120": "import_not_exempted",
    "112130": "loss_in_supplier_transport",
    "112140": "supply_not_carried_out",
    "112150": "delivery_forecast_update",
    "210200": "operation_confirmed",
    "210210": "operation_aware",
    "210220": "operation_unknown",
    "210240": "operation_not_carried_out",
    "211110": "presumed_credit_request",
    "211120": "personal_consumption",
    "211124": "loss_in_buyer_transport",
    "211128": "credit_note_debit_acceptance",
    "211130": "fixed_asset",
    "211140": "fuel_credit_request",
    "211150": "activity_dependent_credit_request",
    "212110": "ibs_credit_transfer_answer",
    "212120": "cbs_credit_transfer_answer",
    "400200": "unfit_document",
    "400201": "unfit_document_cancellation",
    "400300": "tax_office_visa",
    "410300": "referenced_by_nfe",
    "411500": "extension_request_1_answer",
    "411501": "extension_request_2_answer",
    "411502": "extension_request_1_cancellation_answer",
    "411503": "extension_request_2_cancellation_answer",
    "412120": "ibs_credit_transfer_ruling",
    "412130": "cbs_credit_transfer_ruling",
    "610130": "cte_delivery_proof",
    "610131": "cte_delivery_proof_cancellation",
    "610500": "passage",
    "610501": "passage_cancellation",
    "610510": "mdfe_passage",
    "610511": "mdfe_passage_cancellation",
    "610514": "mdfe_passage_with_cte",
    "610515": "mdfe_passage_with_cte_cancellation",
    "610550": "antenna_passage",
    "610552": "mdfe_automatic_passage",
    "610554": "mdfe_automatic_passage_with_cte",
    "610600": "cte_authorised",
    "610601": "cte_cancelled",
    "610610": "mdfe_authorised",
    "610611": "mdfe_cancelled",
    "610614": "mdfe_authorised_with_cte",
    "610615": "mdfe_with_cte_cancelled",
    "630690": "suframa_inspection",
    "790700": "export_endorsement",
    "990900": "suframa_inspection",
    "990910": "suframa_internalisation",
}

MANIFESTATION_DAYS = 180
MANIFESTATION = Attribute(
    "manifestation",
    {"210200": "confirmed", "210220": "unknown_operation", "210240": "not_carried_out"},
    {"210210": "aware"},
    "SINIEF 07/05, manifestação do destinatário: aware (ciência) is not conclusive",
)

FAMILY = Family(
    name="nfe",
    models={"55": "NF-e", "65": "NFC-e"},
    tag="NFe",
    event_element="evento",
    event_envelopes=("procEventoNFe", "procEvento"),
    event_names=EVENT_NAMES,
    # resCCe: a correction letter in the answers of the service that listed documents before the distribution did.
    event_summaries=("resEvento", "resCCe"),
    envelopes=(
        "enviNFe", "retEnviNFe", "consReciNFe", "retConsReciNFe", "consSitNFe", "retConsSitNFe", "envEvento",
        "retEnvEvento", "distDFeInt", "retDistDFeInt", "loteDistDFeInt", "consStatServ", "retConsStatServ", "ConsCad",
        "retConsCad", "consNFeDest", "retConsNFeDest", "downloadNFe", "retDownloadNFe", "retNFe", "envLote",
        "nfeDadosMsg", "nfeResultMsg", "nfeDistDFeInteresse", "nfeDistDFeInteresseResponse",
    ),
    voided_number="nNF",
    has_early_cancellation=True,
    protocol_rules=(*common.DOCUMENTS, common.DENIED),
    accepted_returns=common.ACCEPTED_RETURNS,
    repeated_returns=common.REPEATED_RETURNS,
    event_rules=(
        common.CANCELLATION,
        EventRule(
            ("110112",), statuses.CANCELLED, statuses.CANCELLED_LATE, "MOC: 110112 cancelamento por substituição, NFC-e"
        ),
    ),
    correction_events=("110110",),
    epec_events=("110140",),
    attributes=(MANIFESTATION,),
)  # fmt: skip
