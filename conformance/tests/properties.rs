//! The properties of every surface, on random bytes and on mutants of the vectors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::panic;

use conformance::properties::{ALL, Property};
use conformance::vector::{load, own_directory};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How many inputs each property gets here; the fuzzer goes on from there.
const CASES: u32 = 512;

fn run(property: &Property, input: impl Strategy<Value = Vec<u8>>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&input, |data| {
        (property.check)(&data);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{}: {error}", property.name);
    }
}

#[test]
fn they_hold_for_every_vector() {
    let files = load(&own_directory()).unwrap();
    for property in ALL {
        (property.check)(&[]);
        for seed in property.seeds(&files) {
            let check = property.check;
            let held = panic::catch_unwind(|| check(&seed));
            assert!(held.is_ok(), "{} does not hold for {seed:?}", property.name);
        }
    }
}

#[test]
fn they_hold_for_random_bytes() {
    for property in ALL {
        run(property, vec(any::<u8>(), 0..512));
    }
}

#[test]
fn they_hold_for_mutants_of_vectors() {
    let files = load(&own_directory()).unwrap();
    for property in ALL {
        let seeds: Vec<Vec<u8>> = property.seeds(&files).collect();
        if !seeds.is_empty() {
            run(property, mutants(seeds));
        }
    }
}

/// A seed with some bytes changed, put in or taken out.
fn mutants(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    (prop::sample::select(seeds), vec(change, 1..8)).prop_map(|(mut seed, changes)| {
        for (at, byte, kind) in changes {
            let at = at.index(seed.len() + 1);
            match kind {
                0 => seed.insert(at, byte),
                1 => seed.truncate(at),
                _ if at == seed.len() => seed.push(byte),
                2 => drop(seed.remove(at)),
                _ => seed[at] = byte,
            }
        }
        seed
    })
}

#[test]
fn each_has_a_fuzz_target() {
    let fuzz = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz");
    let manifest = std::fs::read_to_string(format!("{fuzz}/Cargo.toml")).unwrap();
    for property in ALL {
        let name = property.name;
        assert!(
            manifest.contains(&format!("name = \"{name}\"\n")),
            "{name} is not in fuzz/Cargo.toml"
        );
        let path = format!("{fuzz}/fuzz_targets/{name}.rs");
        assert!(
            std::fs::read_to_string(&path).unwrap().contains("conformance::properties::"),
            "{path}"
        );
    }
}
