"""Histories of one access key (or a few), each as the inputs that an archive would hold of it.

A story gets a Place and gives inputs in the order in which they reach the archive, which is not always the order in
which they happened.
"""

from __future__ import annotations

from local.generate import common_stories as common
from local.generate import nfe_stories as nfe
from local.generate import service_stories as services
from local.generate.place import Told

STORIES: dict[str, Told] = {
    "nfe": Told("nfe", 300, common.authorised),
    "nfe_bare": Told("nfe", 10, nfe.bare),
    "nfe_two_versions": Told("nfe", 12, nfe.two_versions),
    "nfe_without_protocol": Told("nfe", 2, nfe.without_protocol),
    "nfe_late": Told("nfe", 3, nfe.late),
    "nfe_denied": Told("nfe", 4, nfe.denied),
    "nfe_310": Told("nfe", 12, nfe.legacy),
    "nfe_variant": Told("nfe", 10, nfe.variant),
    "nfe_latin1": Told("nfe", 6, nfe.latin1),
    "nfe_bom": Told("nfe", 6, nfe.bom),
    "nfe_prefixed": Told("nfe", 2, nfe.prefixed),
    "nfe_cancelled": Told("nfe", 16, common.cancelled),
    "nfe_cancelled_before": Told("nfe", 8, common.cancelled_before),
    "nfe_cancelled_late": Told("nfe", 3, common.cancelled_late),
    "nfe_orphan_event": Told("nfe", 4, common.orphan),
    "nfe_rejected_event": Told("nfe", 4, common.rejected),
    "nfe_corrected": Told("nfe", 12, common.corrected),
    "nfe_manifested": Told("nfe", 24, nfe.manifested),
    "nfe_summary": Told("nfe", 12, nfe.summary),
    "nfe_epec": Told("nfe", 3, nfe.epec),
    "nfe_unknown_event": Told("nfe", 2, nfe.unknown_event),
    "nfe_bare_event": Told("nfe", 2, common.bare_event),
    "nfe_query": Told("nfe", 3, nfe.query),
    "nfe_batch": Told("nfe", 3, nfe.batch),
    "nfe_sent_events": Told("nfe", 3, nfe.sent_events),
    "distribution": Told("nfe", 8, nfe.distribution),
    "voided": Told("nfe", 10, nfe.voided),
    "voided_rejected": Told("nfe", 1, nfe.void_rejected),
    "odd_check_digit": Told("nfe", 3, nfe.wrong_digit),
    "odd_issuer": Told("nfe", 3, nfe.other_issuer),
    "odd_no_offset": Told("nfe", 3, nfe.no_offset),
    "nfce": Told("nfce", 150, common.authorised),
    "nfce_cancelled": Told("nfce", 6, common.cancelled),
    "nfce_substituted": Told("nfce", 4, nfe.substituted),
    "nfce_offline": Told("nfce", 5, nfe.offline),
    "nfce_voided": Told("nfce", 3, nfe.voided),
    "cte": Told("cte", 90, common.authorised),
    "cte_cancelled": Told("cte", 5, common.cancelled),
    "cte_corrected": Told("cte", 4, common.corrected),
    "cte_delivered": Told("cte", 8, common.delivered),
    "cte_delivery_cancelled": Told("cte", 3, common.delivery_cancelled),
    "cte_disagreement": Told("cte", 3, common.disagreed),
    "cteos": Told("cteos", 14, common.authorised),
    "cteos_cancelled": Told("cteos", 1, common.cancelled),
    "mdfe": Told("mdfe", 14, common.authorised),
    "mdfe_closed": Told("mdfe", 24, common.closed),
    "mdfe_driver": Told("mdfe", 5, common.driver),
    "mdfe_cancelled": Told("mdfe", 3, common.cancelled),
    "nf3e": Told("nf3e", 18, common.authorised),
    "nf3e_cancelled": Told("nf3e", 1, common.cancelled),
    "nfse": Told("nfse", 40, services.authorised),
    "nfse_requested": Told("nfse", 5, services.asked_for),
    "nfse_cancelled": Told("nfse", 4, services.cancelled),
    "nfse_only_requested": Told("nfse", 1, services.only_requested),
    "nfse_substituted": Told("nfse", 3, services.substituted),
    "nfse_answered": Told("nfse", 8, services.answered),
    "nfse_distribution": Told("nfse", 4, services.distribution),
    "cfe": Told("cfe", 14, services.sold),
    "cfe_cancelled": Told("cfe", 2, services.sale_cancelled),
}
