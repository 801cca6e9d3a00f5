import subprocess
import sys

LOADED = "import sys, serving.main; print(sorted({'faststream', 'nats', 'aio_pika', 'aiokafka'} & set(sys.modules)))"


def test_a_server_without_a_bus_loads_no_broker():
    found = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
