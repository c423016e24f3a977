//! See `inkfold_fuzz::block`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::block(data));
