# What can be done here: `just` lists it. Every recipe is one command that can be typed without just, too.

_list:
    @just --list --unsorted

# Everything CI runs
check:
    bash .ci/run

# The tests; those that need PostgreSQL say that they were skipped, unless YIZHAN_TEST_POSTGRES names one
test *args:
    cargo test --workspace {{ args }}

# The tests on both engines, with a private PostgreSQL that is left running (bash .ci/postgres stop)
test-both *args:
    YIZHAN_TEST_POSTGRES="$(bash .ci/postgres start)" cargo test --workspace {{ args }}

# A county's year, replayed
demo *args:
    cargo run --release -- demo {{ args }}

# Load from a second process, beside a bare echo
load *args:
    cargo run --release --bin load -- {{ args }}

# Lint of the contract and its check for breaking changes
proto:
    bash .ci/proto

# Renews proto/baseline; with --breaking also where that takes a promise back
proto-baseline *args:
    bash .ci/proto-baseline {{ args }}
