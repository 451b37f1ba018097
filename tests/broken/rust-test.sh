#!/bin/bash
mkdir src
printf '[package]\nname = "greet"\nversion = "1.0.0"\nedition = "2021"\n' >Cargo.toml
cat >src/lib.rs <<'R'
#[test]
fn good() {}

#[test]
fn counting() {
    assert_eq!(3, 4);
}
R
cargo test --offline
