"""`./run bench serve`: how fast the server answers on this machine, beside the obvious alternatives."""

from serving.bench.comparison import bench

__all__ = ["bench"]
