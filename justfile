# Everything that CI checks; makes .venv for interop as well.
check:
    bash .ci/run

# Formats all Rust code.
fmt:
    cargo fmt --all

# The tests; those of interop are skipped, and say so, if `.venv` is not there.
test *arguments:
    cargo test --workspace {{ arguments }}

# Google's gRPC for Python against our servers and clients.
interop *tests:
    ROUTE_GUIDE_REQUIRE_INTEROP=1 cargo test -p route-guide-tests --test interop -- {{ tests }}

# Licences, sources, duplicate and banned crates, advisories; needs cargo-deny and a network.
deny:
    cargo deny --locked check
