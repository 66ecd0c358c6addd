//! Compiles the contract with protox, so that no protoc is needed, and reads out who may call each method.

#![allow(clippy::disallowed_macros, reason = "cargo reads a build script's standard output")]

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, ReflectMessage};

const FILES: [&str; 19] = [
    "yizhan/clock/v1/clock.proto",
    "yizhan/directory/v1/calendar.proto",
    "yizhan/directory/v1/credential.proto",
    "yizhan/directory/v1/directory.proto",
    "yizhan/disclosure/v1/column.proto",
    "yizhan/disclosure/v1/file.proto",
    "yizhan/disclosure/v1/publication.proto",
    "yizhan/gateway/v1/figure.proto",
    "yizhan/gateway/v1/metrics.proto",
    "yizhan/identity/v1/rule.proto",
    "yizhan/intake/v1/attachment.proto",
    "yizhan/intake/v1/case.proto",
    "yizhan/intake/v1/catalogue.proto",
    "yizhan/journal/v1/journal.proto",
    "yizhan/journal/v1/log.proto",
    "yizhan/roster/v1/attendance.proto",
    "yizhan/roster/v1/circular.proto",
    "yizhan/roster/v1/plan.proto",
    "yizhan/roster/v1/staffing.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let set = compiler.file_descriptor_set();
    // Reflection must serve the options as written: prost_types drops extensions, protox keeps them in this encoding.
    let descriptors = compiler.encode_file_descriptor_set();
    fs::write(out.join("rules.rs"), rules(&DescriptorPool::decode(descriptors.as_slice())?)?)?;
    fs::write(out.join("descriptors.bin"), descriptors)?;
    let rpc = env::var_os("CARGO_FEATURE_RPC").is_some();
    tonic_prost_build::configure()
        .build_client(rpc)
        .build_server(rpc)
        .codec_path("crate::codec::Codec")
        .bytes(".yizhan.journal.v1.Entry.payload")
        .compile_fds(set)?;
    println!("cargo:rerun-if-changed=yizhan");
    Ok(())
}

/// The rules of all methods as a table in Rust, by path.
fn rules(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut rules = Vec::new();
    for service in pool.services() {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let rule = rule(pool, &method).map_err(|wrong| format!("{path}: {wrong}"))?;
            rules.push((path, rule));
        }
    }
    rules.sort();
    let mut table = String::from("&[\n");
    for (path, rule) in rules {
        writeln!(table, "    Rule {{ path: {path:?}, {rule} }},")?;
    }
    table.push_str("]\n");
    Ok(table)
}

fn rule(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<String, Box<dyn Error>> {
    let option = pool.get_extension_by_name("yizhan.identity.v1.rule").ok_or("the option is not defined")?;
    let options = method.options();
    if !options.has_extension(&option) {
        return Err("who may call it? It has no option (yizhan.identity.v1.rule)".into());
    }
    let value = options.get_extension(&option);
    let rule = value.as_message().ok_or("the rule is no message")?;
    let text = |field: &str| rule.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned));
    let input = method.input();
    let (resource, window, actor) =
        (text("resource").unwrap_or_default(), text("window").unwrap_or_default(), text("actor").unwrap_or_default());
    let grants = rule.get_field_by_name("grants").ok_or("a rule has grants")?;
    let grants = grants.as_list().ok_or("grants are a list")?;
    if grants.is_empty() {
        return Err("a rule needs a grant".into());
    }
    let mut written = Vec::new();
    for grant in grants {
        let grant = grant.as_message().ok_or("a grant is a message")?;
        let (role, scope) = (name_of(grant, "role")?, name_of(grant, "scope")?);
        if role == "Unspecified" || scope == "Unspecified" {
            return Err("a grant names a role and a scope".into());
        }
        if role == "Public" && scope != "Any" {
            return Err("the public has nothing of its own: its scope is ANY".into());
        }
        if scope != "Any" && resource.is_empty() {
            return Err(format!("scope {scope} needs a `resource` to look at").into());
        }
        if scope == "OwnWindow" && window.is_empty() {
            return Err("scope OWN_WINDOW needs a `window` to look at".into());
        }
        written.push(format!("Grant {{ role: Role::{role}, scope: Scope::{scope} }}"));
    }
    Ok(format!(
        "streams: {}, grants: &[{}], resource: &{:?}, window: &{:?}, actor: &{:?}",
        method.is_client_streaming() || method.is_server_streaming(),
        written.join(", "),
        field(&input, &resource)?,
        field(&input, &window)?,
        field(&input, &actor)?,
    ))
}

/// ROLE_WINDOW_CLERK as prost names it: WindowClerk.
fn name_of(grant: &DynamicMessage, field: &str) -> Result<String, Box<dyn Error>> {
    let value = grant.get_field_by_name(field).ok_or("no such field")?;
    let Some(Kind::Enum(of)) = grant.descriptor().get_field_by_name(field).map(|field| field.kind()) else {
        return Err("not an enum".into());
    };
    let value = value.as_enum_number().and_then(|number| of.get_value(number)).ok_or("not a value of the enum")?;
    let words = value.name().split('_').skip(1);
    Ok(words.map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect())
}

/// The numbers of the fields on the way to `item.text.unit`; none for an empty path.
fn field(input: &MessageDescriptor, path: &str) -> Result<Vec<u32>, Box<dyn Error>> {
    let (mut numbers, mut kind) = (Vec::new(), Kind::Message(input.clone()));
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let Kind::Message(message) = &kind else { return Err(format!("{path}: {name} is in no message").into()) };
        let field = message.get_field_by_name(name).filter(|field| !field.is_list());
        let field = field.ok_or_else(|| format!("{path}: {} has no single field {name}", message.full_name()))?;
        numbers.push(field.number());
        kind = field.kind();
    }
    if !numbers.is_empty() && kind != Kind::String {
        return Err(format!("{path} is no text").into());
    }
    Ok(numbers)
}
