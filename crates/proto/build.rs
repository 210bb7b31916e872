//! Compiles the contracts in `protos/` with a compiler written in Rust, so that a build needs no `protoc`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const PROTOS: [&str; 4] = [
    "route_guide.proto",
    "helloworld.proto",
    "hello.proto",
    "grpc/health/v1/health.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../protos");
    println!("cargo::rerun-if-changed={}", root.display());

    let descriptors = protox::compile(PROTOS, [&root])?;
    // Servers hand this file to clients that ask, through reflection, what can be called.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;

    tonic_prost_build::configure()
        // Field names as in protobuf's JSON mapping; what a reader leaves out has its default.
        .message_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]")
        .message_attribute(".", "#[serde(rename_all = \"camelCase\", default)]")
        .compile_fds(descriptors)?;
    Ok(())
}
