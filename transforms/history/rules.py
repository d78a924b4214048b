"""The rules of the fold that are common to all families. Those of a family are in its file in ``transforms.families``.

Sources: MOC = Manual de Orientação do Contribuinte of NF-e/NFC-e (its tables of result codes ``cStat``). The views fill
their SQL from these tables, so a rule is written once.
"""

from __future__ import annotations

from transforms.families.statuses import AUTHORISED, CANCELLED, DENIED, VOIDED

# resNFe/cSitNFe, MOC (distribution of summaries): 1 uso autorizado, 2 uso denegado, 3 cancelada.
SUMMARY_STATUS = {1: AUTHORISED, 2: DENIED, 3: CANCELLED}

# Inutilização, MOC: 102 inutilização de número homologada; 563 rejeição: já existe pedido de inutilização com a mesma
# faixa, with the protocol of that earlier one.
VOIDED_RANGE_STATUS = {102: VOIDED, 563: VOIDED}

# The fullest record of a key speaks for it: its fields are the key's dimensions.
FORM_RANK = {"processed": 0, "bare": 1, "summary": 2, "protocol": 3, "query": 4}
