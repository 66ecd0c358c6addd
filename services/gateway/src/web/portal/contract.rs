//! Pages for programs: the very answers of the contract, in its own JSON (ProtoJSON) with the names of its fields.

use std::sync::LazyLock;

use kit::refusal::Refusal;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use super::super::Page;

static CONTRACT: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(proto::DESCRIPTORS).ok());

/// A message by its full name, every field of it.
pub fn json(message: &str, value: &impl Message) -> Result<Page, Refusal> {
    let descriptor = CONTRACT.as_ref().and_then(|pool| pool.get_message_by_name(message));
    let mut there = DynamicMessage::new(descriptor.ok_or_else(|| Refusal::internal(format!("no message {message}")))?);
    there.transcode_from(value).map_err(Refusal::internal)?;
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    let written = there.serialize_with_options(serde_json::value::Serializer, &options).map_err(Refusal::internal)?;
    Ok(Page { kind: "application/json", text: written.to_string() })
}
