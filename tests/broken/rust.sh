#!/bin/bash
mkdir src
printf '[package]\nname = "greet"\nversion = "1.0.0"\nedition = "2021"\n' >Cargo.toml
printf 'fn main() {\n    let count: u32 = "three";\n    println!("{}", missing_name);\n}\n' >src/main.rs
cargo build --offline
