"""`./run bench scans`: how many scans a second are taken for good, beside a bare insert of the same rows."""

from serving.bench.scans.comparison import bench_scans

__all__ = ["bench_scans"]
