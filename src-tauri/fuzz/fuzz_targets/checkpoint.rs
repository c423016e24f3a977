//! See `inkfold_fuzz::checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::checkpoint(data));
