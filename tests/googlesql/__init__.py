"""GoogleSQL's own analyzer and reference implementation, held against all SQL of the project."""

# Names the folder to which the processes of a test session write the statements that were accepted.
STATEMENTS = "ACERVO_TEST_STATEMENTS"
