//! See `inkfold_fuzz::segment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::segment(data));
