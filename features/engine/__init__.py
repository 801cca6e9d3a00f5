"""Daily feature tables by a query engine: definitions as Ibis expressions, run by DuckDB or by Spark.

`lifetables` and `parcels` say what is counted and know no engine; `engines` names what an engine must do, `duck` and
`spark` do it; `memory` counts what a process holds, `daily` keeps tables on disk, one part per day.
"""
