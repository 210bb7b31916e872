"""The messages and stubs of `protos/`, generated anew by each test run.

Generated code is never committed: it would have to be kept in step with the protobuf runtime, and a
stale copy would test the contract of last year.
"""

import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]

# Deleted when the interpreter ends; the modules are loaded by then.
_generated = tempfile.TemporaryDirectory(prefix="route-guide-interop-")

if protoc.main(
    [
        "protoc",
        f"--proto_path={ROOT / 'protos'}",
        f"--python_out={_generated.name}",
        f"--grpc_python_out={_generated.name}",
        "route_guide.proto",
        "helloworld.proto",
        "hello.proto",
    ]
):
    raise RuntimeError(f"protoc could not compile {ROOT / 'protos'}")

sys.path.insert(0, _generated.name)

import hello_pb2 as hello  # noqa: E402
import hello_pb2_grpc as hello_grpc  # noqa: E402
import helloworld_pb2 as helloworld  # noqa: E402
import helloworld_pb2_grpc as helloworld_grpc  # noqa: E402
import route_guide_pb2 as routeguide  # noqa: E402
import route_guide_pb2_grpc as routeguide_grpc  # noqa: E402

__all__ = [
    "ROOT",
    "hello",
    "hello_grpc",
    "helloworld",
    "helloworld_grpc",
    "routeguide",
    "routeguide_grpc",
]
