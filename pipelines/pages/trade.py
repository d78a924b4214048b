"""Sections of the report on trade, and on numbers that do not follow one another as they should."""

from __future__ import annotations

from pipelines.pages.cells import Column, Kind
from pipelines.pages.columns import (
    ACCESS_KEY,
    COMPANY,
    DOCUMENTS,
    FIRST_MISSING,
    HOW,
    ISSUER,
    ISSUER_NAME,
    LAST_MISSING,
    MISSING,
    MODEL,
    NET,
    TOTAL,
    VALUE,
)
from pipelines.pages.section import Group, Ranking, Section
from transforms.language import mark

TRADE_GROUP = Group(
    "trade",
    mark("Trade"),
    (
        Section(
            "purposes",
            mark("By direction and purpose"),
            mark(
                "Direction: 0 entry, of which the issuer is the buyer; 1 exit. Purpose of an NF-e: 1 normal, "
                "2 complementary, 3 adjustment, 4 return, 5 credit note, 6 debit note; of a CT-e its type."
            ),
            "SELECT model, operation_type, purpose, SUM(documents) AS documents, "
            "SUM(IF(status IN ({in_force}), total, 0)) AS value FROM counts_by_purpose WHERE {production} "
            "GROUP BY model, operation_type, purpose ORDER BY documents DESC, model, operation_type, purpose",
            (MODEL, Column("operation_type", mark("direction"), Kind.CODE),
             Column("purpose", mark("purpose"), Kind.CODE), DOCUMENTS,
             VALUE),
            opened=True,
        ),
        Section(
            "net_trade",
            mark("Sold and bought, net"),
            mark("By NF-e and NFC-e in force: less returns and credit notes, plus debit notes. The largest first."),
            "SELECT company_id, side, SUM(documents) AS documents, SUM(total) AS total, SUM(returned) AS returned, "
            "SUM(net) AS net, COUNT(*) OVER () AS all_rows FROM net_trade GROUP BY company_id, side "
            "ORDER BY net DESC, company_id, side LIMIT 15",
            (COMPANY, Column("side", mark("side"), Kind.CODE), DOCUMENTS,
             TOTAL, Column("returned", mark("returned"), Kind.MONEY), NET),
            wide=True,
            opened=True,
        ),
        Section(
            "instalments",
            mark("Instalments to come"),
            mark("Of invoices in force, the next due first. Whether one was paid, no document says."),
            "SELECT due_on, recipient_id, issuer_name, value, access_key, COUNT(*) OVER () AS all_rows "
            "FROM instalments_due WHERE {production} AND days_left >= 0 "
            "ORDER BY due_on, access_key, instalment LIMIT 15",
            (Column("due_on", mark("due"), Kind.DAY), Column("recipient_id", mark("recipient"), Kind.CODE),
             ISSUER_NAME, Column("value", mark("value"), Kind.MONEY), ACCESS_KEY),
            wide=True,
        ),
        Section(
            "replaced",
            mark("Replaced documents"),
            mark("Substituted or annulled by another one in force."),
            "SELECT how, COUNT(*) AS documents FROM replaced_documents GROUP BY how ORDER BY how",
            (HOW, DOCUMENTS),
            (Ranking(mark("Documents"), HOW, DOCUMENTS),),
        ),
    ),
)  # fmt: skip

NUMBERS_GROUP = Group(
    "numbers",
    mark("Numbers"),
    (
        Section(
            "several_keys",
            mark("One number, several keys"),
            mark("Sent again in contingency, or twice by mistake: at most one of the keys may hold."),
            "SELECT issuer_id, model, series, number, access_keys, keys_in_force, total_in_force, "
            "COUNT(*) OVER () AS all_rows FROM numbers_under_several_keys WHERE {production} "
            "ORDER BY keys_in_force DESC, issuer_id, model, series, number, place LIMIT 15",
            (ISSUER, MODEL, Column("series", mark("series"), Kind.CODE), Column("number", mark("number"), Kind.CODE),
             Column("access_keys", mark("keys"), Kind.NUMBER),
             Column("keys_in_force", mark("in force"), Kind.NUMBER),
             Column("total_in_force", mark("value in force"), Kind.MONEY)),
            wide=True,
        ),
        Section(
            "nsu",
            mark("Gaps of NSU"),
            mark("Numbers of a distribution that never came, between the first and the last that did."),
            "SELECT family, holder, first_missing, last_missing, missing, COUNT(*) OVER () AS all_rows FROM nsu_gaps "
            "ORDER BY missing DESC, family, holder, first_missing LIMIT 15",
            (Column("family", mark("service"), Kind.CODE), Column("holder", mark("asked for"), Kind.CODE),
             FIRST_MISSING, LAST_MISSING, MISSING),
            wide=True,
        ),
    ),
)  # fmt: skip
