//! Compiles the contract with protox, so that no protoc is needed.

#![allow(clippy::disallowed_macros, reason = "cargo reads a build script's standard output")]

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 8] = [
    "yizhan/clock/v1/clock.proto",
    "yizhan/directory/v1/calendar.proto",
    "yizhan/directory/v1/directory.proto",
    "yizhan/gateway/v1/metrics.proto",
    "yizhan/intake/v1/attachment.proto",
    "yizhan/intake/v1/case.proto",
    "yizhan/intake/v1/catalogue.proto",
    "yizhan/journal/v1/journal.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let set = compiler.file_descriptor_set();
    // Reflection must serve the options as written: prost_types drops extensions, protox keeps them in this encoding.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .codec_path("crate::codec::Codec")
        .bytes(".yizhan.journal.v1.Entry.payload")
        .compile_fds(set)?;
    println!("cargo:rerun-if-changed=yizhan");
    Ok(())
}
