//! The contract's texts: every string and every bytes that a request may hold, nested ones too.

use std::collections::HashMap;

use prost::{
    Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field},
};
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};

/// A text of a request.
#[derive(Clone, Debug)]
pub struct Field {
    /// The numbers on the way to it.
    pub path: Vec<u32>,
    /// The message it stands in, and its name there: `yizhan.intake.v1.Applicant.phone`.
    pub name: String,
}

pub struct Contract {
    messages: HashMap<String, DescriptorProto>,
    /// Of a method, by its path.
    requests: HashMap<String, String>,
}

impl Contract {
    pub fn read() -> Contract {
        let set = FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the descriptors");
        let (mut messages, mut requests) = (HashMap::new(), HashMap::new());
        for file in set.file {
            let package = file.package().to_owned();
            for message in file.message_type {
                messages.insert(format!(".{package}.{}", message.name()), message);
            }
            for service in file.service {
                for method in &service.method {
                    let path = format!("/{package}.{}/{}", service.name(), method.name());
                    requests.insert(path, method.input_type().to_owned());
                }
            }
        }
        Contract { messages, requests }
    }

    /// The texts of a method's request.
    pub fn fields(&self, method: &str) -> Vec<Field> {
        let mut fields = Vec::new();
        self.walk(&self.requests[method], &mut Vec::new(), &mut fields);
        fields
    }

    fn walk(&self, message: &str, path: &mut Vec<u32>, fields: &mut Vec<Field>) {
        let Some(described) = self.messages.get(message).filter(|_| path.len() < 8) else { return };
        for field in &described.field {
            path.push(field.number() as u32);
            match field.r#type() {
                Type::String | Type::Bytes => {
                    let name = format!("{}.{}", message.trim_start_matches('.'), field.name());
                    fields.push(Field { path: path.clone(), name });
                }
                Type::Message => self.walk(field.type_name(), path, fields),
                _ => {}
            }
            path.pop();
        }
    }
}

/// The message with another text at a field: what else stands on the way there stays.
pub fn with(message: &[u8], path: &[u32], text: &[u8]) -> Vec<u8> {
    let Some((number, rest)) = path.split_first() else { return text.to_vec() };
    let (mut left, held) = without_last(message, *number);
    let inner = with(held.filter(|_| !rest.is_empty()).unwrap_or_default(), rest, text);
    encode_key(*number, WireType::LengthDelimited, &mut left);
    encode_varint(inner.len() as u64, &mut left);
    left.extend(inner);
    left
}

/// What stands last under a number, and the message without it.
fn without_last(message: &[u8], number: u32) -> (Vec<u8>, Option<&[u8]>) {
    let (mut left, mut found) = (message, None);
    while !left.is_empty() {
        let from = message.len() - left.len();
        let (tag, wire) = decode_key(&mut left).expect("a key");
        if tag == number && wire == WireType::LengthDelimited {
            let length = decode_varint(&mut left).expect("a length") as usize;
            let (held, after) = left.split_at(length);
            left = after;
            found = Some((from, message.len() - left.len(), held));
        } else {
            skip_field(wire, tag, &mut left, DecodeContext::default()).expect("a field");
        }
    }
    match found {
        Some((from, to, held)) => ([&message[..from], &message[to..]].concat(), Some(held)),
        None => (message.to_vec(), None),
    }
}

#[test]
fn every_text_is_found_and_can_be_exchanged() {
    use proto::intake::v1::{Applicant, ReceiveCaseRequest};
    let fields = Contract::read().fields("/yizhan.intake.v1.CaseService/ReceiveCase");
    let phone = fields.iter().find(|field| field.name.ends_with("Applicant.phone")).expect("a phone");
    let applicant = Applicant { display_name: "a".into(), phone: "b".into(), ..Default::default() };
    let request = ReceiveCaseRequest { parent: "c".into(), applicant: Some(applicant.clone()), ..Default::default() };
    let changed = with(&request.encode_to_vec(), &phone.path, b"d");
    let expected = ReceiveCaseRequest { applicant: Some(Applicant { phone: "d".into(), ..applicant }), ..request };
    assert_eq!(ReceiveCaseRequest::decode(changed.as_slice()).expect("decodes"), expected);
}
