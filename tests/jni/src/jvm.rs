// SPDX-License-Identifier: Apache-2.0
//! Builds the library and the Java, and runs Java programs in a JVM that watches how the library treats it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::project;

/// The package of the Java.
const PACKAGE: &str = "android/system/cloudmessaging/settings";

/// The library, built where this test was; with the entry point that panics, or as it is installed.
pub fn library(panics: bool) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "cloudmessaging_jni", "--message-format=json"]);
    if panics {
        command.args(["--features", "panic"]);
    }
    // ring's build script watches these: with them, it would be built again each time.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    let output = command.current_dir(project()).output().expect("cargo");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages
        .filter(|message| message["target"]["name"] == "cloudmessaging_jni")
        .filter_map(|message| message["filenames"][0].as_str().map(PathBuf::from));
    built.next_back().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A library and compiled classes.
pub struct Jvm {
    /// Where the library is: a copy, as the next build replaces the original.
    pub library: PathBuf,
    classes: PathBuf,
}

impl Jvm {
    /// Compiles the Java of the library and of the tests, for this library.
    pub fn new(folder: &Path, library: &Path) -> Self {
        let copy = folder.join("libcloudmessaging_jni.so");
        std::fs::copy(library, &copy).expect("a copy");
        let classes = folder.join("classes");
        let mut command = Command::new("javac");
        // The release that AOSP's Java is compiled for.
        command.args(["--release", "17", "-Xlint:all", "-Werror", "-d"]).arg(&classes);
        for root in ["java-shim/jni/java", "tests/jni/java"] {
            let sources = project().join(root).join(PACKAGE);
            let read = std::fs::read_dir(sources).expect("a folder");
            command.args(read.map(|entry| entry.expect("a file").path()));
        }
        let output = command.output().expect("javac, of default-jdk-headless");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { library: copy, classes }
    }

    /// Runs a program in a JVM of its own.
    pub fn run(&self, program: &str, options: &[&str], arguments: &[&Path]) -> Output {
        let mut property = std::ffi::OsString::from("-Dcloudmessaging.jni=");
        property.push(&self.library);
        let mut command = Command::new("java");
        command.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m"]);
        // The number of a descriptor, which ParcelFileDescriptor.getFd gives on a phone.
        command.args(["--add-opens", "java.base/java.io=ALL-UNNAMED"]).arg(property).args(options);
        command
            .arg("-cp")
            .arg(&self.classes)
            .arg(format!("{}.{program}", PACKAGE.replace('/', ".")));
        command.args(arguments).env_remove("JAVA_TOOL_OPTIONS").output().expect("java")
    }
}
