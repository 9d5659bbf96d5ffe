#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| groupcast_fuzz_targets::inflate(data));
