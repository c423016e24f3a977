//! See `inkfold_fuzz::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::record(data));
