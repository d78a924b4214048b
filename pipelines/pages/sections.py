"""The sections of the report, in their order: a new one is one more entry here, or in a file of its own.

Queries read views alone, add up what they can in BigQuery, and give no more rows than a page can show.
"""

from __future__ import annotations

from pipelines.pages.cells import Column, Kind
from pipelines.pages.columns import (
    ACCESS_KEY,
    BAND,
    CODE,
    DAY,
    DAYS_LEFT,
    DEAD,
    DOCUMENTS,
    DUPLICATE,
    FINDING,
    FRESH,
    HOUR,
    IN_FORCE,
    ISSUER,
    ISSUER_NAME,
    ITEMS,
    LAG_P50,
    LAG_P95,
    LAG_P99,
    LETTERS,
    MISSING,
    MODEL,
    MONTH,
    NCM,
    OTHERS,
    RECEIVED,
    RECIPIENT,
    RECIPIENT_NAME,
    RECORDS,
    STATUS,
    TOTAL,
    UF,
    VALUE,
)
from pipelines.pages.section import Group, Lines, Ranking, Section, Tiles, Timeline
from pipelines.pages.trade import NUMBERS_GROUP, TRADE_GROUP
from transforms.language import mark

DOCUMENTS_GROUP = Group(
    "documents",
    mark("Documents"),
    (
        Section(
            "months",
            mark("By month"),
            mark("The last 60 months of issue that have documents."),
            "SELECT month, SUM(documents) AS documents, SUM(IF(status IN ({in_force}), documents, 0)) AS in_force, "
            "SUM(IF(status IN ({in_force}), 0, documents)) AS others, "
            "SUM(IF(status IN ({in_force}) AND COALESCE(model, '') NOT IN ({cargo}), total, 0)) AS value "
            "FROM counts_by_month WHERE {production} AND month IS NOT NULL "
            "GROUP BY month ORDER BY month DESC LIMIT 60",
            (MONTH, DOCUMENTS, IN_FORCE, OTHERS, VALUE),
            (Timeline(mark("Documents"), MONTH, (IN_FORCE, OTHERS)), Timeline(mark("Value in force"), MONTH, (VALUE,))),
            wide=True,
        ),
        Section(
            "days",
            mark("By day"),
            mark("The 90 days up to the newest day of issue."),
            "SELECT day, SUM(documents) AS documents, SUM(IF(status IN ({in_force}), documents, 0)) AS in_force, "
            "SUM(IF(status IN ({in_force}), 0, documents)) AS others, "
            "SUM(IF(status IN ({in_force}) AND COALESCE(model, '') NOT IN ({cargo}), total, 0)) AS value "
            "FROM counts_by_day WHERE {production} AND day <= CURRENT_DATE('America/Sao_Paulo') AND day > DATE_SUB("
            "(SELECT MAX(day) FROM counts_by_day WHERE day <= CURRENT_DATE('America/Sao_Paulo')), INTERVAL 90 DAY) "
            "GROUP BY day ORDER BY day DESC",
            (DAY, DOCUMENTS, IN_FORCE, OTHERS, VALUE),
            (Timeline(mark("Documents"), DAY, (IN_FORCE, OTHERS)),),
            wide=True,
        ),
        Section(
            "models",
            mark("By model"),
            mark("Of any status. A manifest (MDF-e) has no value of its own here: its cargo has documents of its own."),
            "SELECT model, SUM(documents) AS documents, SUM(IF(status IN ({in_force}), documents, 0)) AS in_force, "
            "SUM(IF(status IN ({in_force}) AND COALESCE(model, '') NOT IN ({cargo}), total, 0)) AS value "
            "FROM counts_by_model WHERE {production} GROUP BY model ORDER BY documents DESC, model",
            (MODEL, DOCUMENTS, IN_FORCE, VALUE),
            (Ranking(mark("Documents"), MODEL, DOCUMENTS),),
        ),
        Section(
            "statuses",
            mark("By status"),
            mark("What holds, and what was taken back, replaced or refused."),
            "SELECT status, SUM(documents) AS documents FROM counts_by_status WHERE {production} "
            "GROUP BY status ORDER BY documents DESC, status",
            (STATUS, DOCUMENTS),
            (Ranking(mark("Documents"), STATUS, DOCUMENTS),),
        ),
        Section(
            "ufs",
            mark("By UF"),
            mark("Where the issuers are."),
            "SELECT uf, SUM(documents) AS documents, SUM(IF(status IN ({in_force}), documents, 0)) AS in_force, "
            "SUM(IF(status IN ({in_force}) AND COALESCE(model, '') NOT IN ({cargo}), total, 0)) AS value "
            "FROM counts_by_uf WHERE {production} GROUP BY uf ORDER BY documents DESC, uf",
            (UF, DOCUMENTS, IN_FORCE, VALUE),
            (Tiles(mark("Documents"), UF, DOCUMENTS),),
        ),
        Section(
            "ncm",
            mark("Goods by NCM"),
            mark("The NCM of most value among the items of documents in force."),
            "SELECT ncm, SUM(items) AS items, SUM(value) AS value, COUNT(*) OVER () AS all_rows "
            "FROM ncm_months WHERE {production} GROUP BY ncm ORDER BY value DESC, ncm LIMIT 15",
            (NCM, ITEMS, VALUE),
            (Ranking(mark("Value in force"), NCM, VALUE),),
        ),
    ),
)

PARTIES_GROUP = Group(
    "parties",
    mark("Who"),
    (
        Section(
            "issuers",
            mark("Issuers"),
            mark("Those of most value in force, without manifests."),
            "WITH top AS (SELECT issuer_id, SUM(documents) AS documents, SUM(total) AS value, "
            "COUNT(*) OVER () AS all_rows FROM counts_by_issuer WHERE {production} AND status IN ({in_force}) "
            "AND COALESCE(model, '') NOT IN ({cargo}) AND COALESCE(issuer_id, '') != '' "
            "GROUP BY issuer_id ORDER BY value DESC, issuer_id LIMIT 15) "
            "SELECT top.issuer_id, names.issuer_name, top.documents, top.value, top.all_rows FROM top LEFT JOIN "
            "(SELECT issuer_id, MAX(issuer_name) AS issuer_name FROM document_state "
            "WHERE issuer_id IN (SELECT issuer_id FROM top) GROUP BY issuer_id) AS names "
            "ON names.issuer_id = top.issuer_id ORDER BY top.value DESC, top.issuer_id",
            (ISSUER, ISSUER_NAME, DOCUMENTS, VALUE),
            (Ranking(mark("Value in force"), ISSUER, VALUE, also=ISSUER_NAME),),
        ),
        Section(
            "recipients",
            mark("Recipients"),
            mark("Those of most value in force, without manifests."),
            "WITH top AS (SELECT recipient_id, SUM(documents) AS documents, SUM(total) AS value, "
            "COUNT(*) OVER () AS all_rows FROM counts_by_recipient WHERE {production} AND status IN ({in_force}) "
            "AND COALESCE(model, '') NOT IN ({cargo}) AND COALESCE(recipient_id, '') != '' "
            "GROUP BY recipient_id ORDER BY value DESC, recipient_id LIMIT 15) "
            "SELECT top.recipient_id, names.recipient_name, top.documents, top.value, top.all_rows FROM top LEFT JOIN "
            "(SELECT recipient_id, MAX(recipient_name) AS recipient_name FROM document_state "
            "WHERE recipient_id IN (SELECT recipient_id FROM top) GROUP BY recipient_id) AS names "
            "ON names.recipient_id = top.recipient_id ORDER BY top.value DESC, top.recipient_id",
            (RECIPIENT, RECIPIENT_NAME, DOCUMENTS, VALUE),
            (Ranking(mark("Value in force"), RECIPIENT, VALUE, also=RECIPIENT_NAME),),
        ),
    ),
)

INGESTION_GROUP = Group(
    "ingestion",
    mark("Ingestion"),
    (
        Section(
            "hours",
            mark("What arrived"),
            mark("By hour, in the three days up to the last arrival. The lag of an hour is that of its slowest run."),
            "SELECT hour, SUM(received) AS received, SUM(`new`) AS fresh, SUM(duplicate) AS duplicate, "
            "SUM(dead) AS dead, MAX(lag_p50) AS lag_p50, MAX(lag_p95) AS lag_p95, MAX(lag_p99) AS lag_p99 "
            "FROM ingestion_health WHERE hour > TIMESTAMP_SUB((SELECT MAX(hour) FROM ingestion_health), "
            "INTERVAL 72 HOUR) GROUP BY hour ORDER BY hour DESC",
            (HOUR, RECEIVED, FRESH, DUPLICATE, DEAD, LAG_P50, LAG_P95, LAG_P99),
            (
                Timeline(mark("Inputs"), HOUR, (FRESH, DUPLICATE, DEAD)),
                Lines(mark("Seconds from receipt to commit"), HOUR, (LAG_P50, LAG_P95, LAG_P99)),
            ),
            wide=True,
        ),
        Section(
            "dead",
            mark("Dead letters"),
            mark("Inputs that are no record, by reason, with one of each. Their bytes are kept."),
            "SELECT code, SUM(dead_letters) AS dead_letters, MIN(example_origin) AS example_origin, "
            "ANY_VALUE(example_message HAVING MIN example_origin) AS example_message "
            "FROM dead_letters_by_code GROUP BY code ORDER BY dead_letters DESC, code",
            (CODE, LETTERS, Column("example_message", mark("what is wrong")),
             Column("example_origin", mark("one of them"))),
            (Ranking(mark("Dead letters"), CODE, LETTERS),),
            wide=True,
            opened=True,
        ),
        Section(
            "findings",
            mark("Findings"),
            mark("What is odd in records that were kept."),
            "SELECT finding, SUM(records) AS records, MIN(example_key) AS access_key FROM findings_count "
            "GROUP BY finding ORDER BY records DESC, finding",
            (FINDING, RECORDS, Column("access_key", mark("one of them"), Kind.CODE)),
            (Ranking(mark("Records"), FINDING, RECORDS),),
            wide=True,
        ),
    ),
)  # fmt: skip

CARE_GROUP = Group(
    "care",
    mark("To look after"),
    (
        Section(
            "deadlines",
            mark("Days left to manifest"),
            mark("NF-e received and not manifested conclusively, by what is left of the recipient's 180 days."),
            "SELECT IF(days_left < 0, -1, LEAST(days_left - MOD(days_left, 30), 150)) AS band, COUNT(*) AS documents, "
            "SUM(total) AS total FROM manifestation_pending GROUP BY band ORDER BY band",
            (BAND, DOCUMENTS, TOTAL),
            (Ranking(mark("Documents"), BAND, DOCUMENTS),),
            wide=True,
        ),
        Section(
            "manifests",
            mark("MDF-e open"),
            mark("Neither closed nor cancelled, the oldest first."),
            "SELECT access_key, issuer_name, days_open, COUNT(*) OVER () AS all_rows FROM mdfe_open "
            "WHERE {production} ORDER BY days_open DESC, access_key LIMIT 8",
            (Column("days_open", mark("days open"), Kind.NUMBER), ISSUER_NAME, ACCESS_KEY),
            wide=True,
        ),
        Section(
            "pending",
            mark("Next to manifest"),
            mark("Those with the fewest days left, without the ones that are past."),
            "SELECT days_left, recipient_id, issuer_name, total, access_key, COUNT(*) OVER () AS all_rows "
            "FROM manifestation_pending WHERE days_left >= 0 ORDER BY days_left, access_key LIMIT 15",
            (DAYS_LEFT, RECIPIENT, ISSUER_NAME, TOTAL, ACCESS_KEY),
            wide=True,
        ),
        Section(
            "gaps",
            mark("Numbering gaps"),
            mark("Numbers missing between known ones of a series, without voided ranges; the widest first."),
            "SELECT issuer_id, model, series, first_missing, last_missing, missing, COUNT(*) OVER () AS all_rows "
            "FROM numbering_gaps WHERE {production} "
            "ORDER BY missing DESC, issuer_id, model, series, first_missing LIMIT 15",
            (ISSUER, MODEL, Column("series", mark("series"), Kind.CODE),
             Column("first_missing", mark("from"), Kind.CODE), Column("last_missing", mark("to"), Kind.CODE), MISSING),
            wide=True,
        ),
    ),
)  # fmt: skip

GROUPS = (DOCUMENTS_GROUP, PARTIES_GROUP, TRADE_GROUP, INGESTION_GROUP, CARE_GROUP, NUMBERS_GROUP)
SECTIONS = tuple(section for group in GROUPS for section in group.sections)

HEADLINE = (
    "SELECT SUM(IF({production}, documents, 0)) AS documents, SUM(IF({production}, 0, documents)) AS tests, "
    "SUM(IF({production} AND status IN ({in_force}) AND COALESCE(model, '') NOT IN ({cargo}), total, 0)) AS value, "
    "SUM(IF({production} AND status IN ({in_force}), documents, 0)) AS in_force, "
    "(SELECT MAX(applied_at) FROM arrivals) AS last_arrival, "
    "(SELECT SUM(dead_letters) FROM dead_letters_by_code) AS dead_letters "
    "FROM counts_by_model"
)
