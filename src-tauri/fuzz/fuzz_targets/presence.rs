//! See `inkfold_fuzz::presence`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::presence(data));
