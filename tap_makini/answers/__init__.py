"""What the answers of lists say: their records, and how much more there is.

`page` reads the documented envelope. Where no form is documented, `undocumented` finds the list in one of the common
forms (`listing`, `table_rows`), and what is said of its length (`claims`) is held against what came (`tally`).
`table_list` reads the names of raw tables.
"""
