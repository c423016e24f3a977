//! See `inkfold_fuzz::history`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::history(data));
