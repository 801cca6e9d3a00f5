"""`./run bench scans`: how many scans a second are taken for good, beside a bare insert of the same rows."""

from serving.bench.scans.comparison import bench_scans
from serving.bench.scans.reaction import bench_reaction

__all__ = ["bench_reaction", "bench_scans"]
