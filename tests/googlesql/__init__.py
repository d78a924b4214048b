"""GoogleSQL's own analyzer and reference implementation, held against all SQL of the project."""
