"""Files of small businesses -> events: access logs, call logs, Asterisk CDR, leads, payments, spend.

The way of a row: tables (bytes -> cells) -> columns (which cell is which field) -> calls, leads, … (cells -> drafts) ->
drafts.Namer (the id) -> importing.Door (what may enter) -> the log, with ledger.Ledger remembering what is there.
"""
