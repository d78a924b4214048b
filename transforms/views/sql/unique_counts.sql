-- Partial sums, each once. Of two attempts of bounded jobs at one partial the later job's is right, and the later one of
-- one job; of two sums of a slot of the change log, the one of more contributions.
SELECT *
FROM `${dataset}.counts`
WHERE TRUE
QUALIFY ${first_of_partial}
