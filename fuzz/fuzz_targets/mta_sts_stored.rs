#![no_main]
use libfuzzer_sys::fuzz_target;
fuzz_target!(|data: &[u8]| conformance::properties::mta_sts::stored(data));
