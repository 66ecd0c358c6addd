//! Messages for machines, in the contract's own JSON (ProtoJSON) with the names of its fields.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::Deserializer;
use serde_json::Value;

/// The contract, compiled in.
static CONTRACT: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(proto::DESCRIPTORS).ok());

/// A message of the contract, every field of it; of the roster's where no package stands before its name.
pub fn of(message: &str, value: &impl Message) -> Value {
    let written = || {
        let mut there = DynamicMessage::new(descriptor(message)?);
        there.transcode_from(value).ok()?;
        let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
        there.serialize_with_options(serde_json::value::Serializer, &options).ok()
    };
    written().unwrap_or(Value::Null)
}

pub fn each(message: &str, values: &[impl Message]) -> Vec<Value> {
    values.iter().map(|value| of(message, value)).collect()
}

/// Reads one, and refuses a name that the contract does not have.
pub fn read<'a, T: Message + Default, D: Deserializer<'a>>(message: &str, from: D) -> anyhow::Result<T>
where
    D::Error: Send + Sync + 'static,
{
    let descriptor = descriptor(message).ok_or_else(|| anyhow::anyhow!("the contract has no {message}"))?;
    Ok(DynamicMessage::deserialize(descriptor, from)?.transcode_to()?)
}

fn descriptor(message: &str) -> Option<MessageDescriptor> {
    let package = if message.contains('.') { "yizhan" } else { "yizhan.roster.v1" };
    CONTRACT.as_ref()?.get_message_by_name(&format!("{package}.{message}"))
}
