"""`./run bench kill`: server and worker are killed at random moments under load, and nothing is lost or doubled."""

from serving.bench.kill.rounds import bench_kill

__all__ = ["bench_kill"]
