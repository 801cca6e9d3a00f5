"""Daily feature tables by a query engine: definitions as Ibis expressions, run by DuckDB or by Spark.

`lifetables`, `parcels`, `families` and `changes` say what is counted and know no engine; `engines` says what an engine
must do, `duck` and `spark` do it, `choice` picks one; `daily` keeps tables on disk, one part per day. The arrays of
`features.sketches` count the same for what a process holds in memory; tests hold both equal.
"""
