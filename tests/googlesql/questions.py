"""What analysts of this field ask, and where each is answered: a table of docs/QUERY_COSTS.md."""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """A question, the views that answer it, and where: sections of the report, questions of the notebook, commands."""

    asked: str
    views: tuple[str, ...]
    sections: tuple[str, ...] = ()
    notebook: int | None = None
    command: str = ""


QUESTIONS = (
    Question("documents and value per issuer, month, model and UF", ("issuer_months",), (), 1),
    Question(
        "the same of everybody, as counted", ("counts_by_month", "counts_by_model", "counts_by_uf"),
        ("months", "models", "ufs"),
    ),
    Question(
        "who issues, and who receives, most", ("counts_by_issuer", "counts_by_recipient"), ("issuers", "recipients")
    ),
    Question("entries, exits, returns, credit and debit notes", ("counts_by_purpose",), ("purposes",)),
    Question(
        "NF-e received without a conclusive manifestation, and days left of 180", ("manifestation_pending",),
        ("deadlines", "pending"), 2,
    ),
    Question("keys known only by a summary", ("keys_known_by_summary",), (), 3),
    Question("cancelled after the month's end, or after confirmation", ("late_cancellations",), (), 4),
    Question("numbers missing and not voided", ("numbering_gaps",), ("gaps",), 5),
    Question("one number under several keys", ("numbers_under_several_keys",), ("several_keys",)),
    Question("NSUs missing, and the last one per CNPJ", ("nsu_gaps",), ("nsu",)),
    Question("keys of a list that are not here, or do not hold", ("document_state",), (), 10),
    Question(
        "what a file of SPED's EFD lacks, or has alone; `COD_SIT`, registers and items",
        ("sped_documents", "sped_items"), (), None, "acervo sped",
    ),
    Question("freight cost by payer and route", ("freight_costs",), (), 6),
    Question("NF-e per CT-e", ("cte_documents",), (), 6),
    Question("MDF-e open longer than N days", ("mdfe_open",), ("manifests",), 7),
    Question("suppliers seen for the first time", ("suppliers_first_seen",), (), 8),
    Question("IBS and CBS", ("ibs_cbs_totals",), (), 9),
    Question("goods by NCM", ("ncm_months",), ("ncm",)),
    Question("what was bought, per supplier, NCM and CFOP", ("items_by_ncm_and_supplier",), (), 11),
    Question("taxes by CST, CFOP and NCM", ("taxes_by_cst_cfop_ncm",), (), 12),
    Question("replaced documents", ("replaced_documents",), ("replaced",)),
    Question("sold and bought, net of returns and notes", ("net_trade",), ("net_trade",)),
    Question("instalments due", ("instalments_due",), ("instalments",)),
    Question(
        "integrity: digests, signatures, certificates and all else that is odd", ("findings_count",), ("findings",)
    ),
    Question(
        "what arrived, how late, and what is dead", ("ingestion_health", "dead_letters_by_code"), ("hours", "dead")
    ),
    Question("everything about one key", ("history",), (), None, "acervo lookup"),
    Question("what became of an input", ("arrivals_by_origin",), (), None, "acervo lookup --origin"),
)  # fmt: skip
