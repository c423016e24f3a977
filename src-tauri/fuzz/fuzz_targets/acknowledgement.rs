//! See `inkfold_fuzz::acknowledgement`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inkfold_fuzz::acknowledgement(data));
