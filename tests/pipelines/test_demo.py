from pathlib import Path

import pytest

from parcelcast.errors import InputError
from pipelines.demo import make_demo


@pytest.mark.parametrize(
    ("source", "data", "shipments", "complaint"),
    [
        ("simulated", Path("orders"), None, "name their --source"),
        ("olist", None, None, "needs --data with its folder or file; got none"),
        ("olist", Path("no/such/folder"), None, "got no/such/folder"),
        ("olist", Path(), 1000, "only simulated orders"),
    ],
)
def test_options_that_do_not_go_together_are_refused(source, data, shipments, complaint):
    with pytest.raises(InputError, match=complaint):
        make_demo(source, data, None, shipments)
