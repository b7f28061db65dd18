//! The OpenAPI document: every route that it promises exists, and every reference resolves.

use jitsuin_web::api::openapi;
use serde_json::{Value, json};

use super::client::Proof;
use super::world::{HANAKO, World};

/// The operations that are open to whoever asks: they say nothing, or are where one logs in.
pub(super) const OPEN: [&str; 4] =
    ["health", "open_session", "begin_passkey_session", "open_passkey_session"];

/// One operation of the document, with a path that can be asked.
pub(super) struct Described {
    pub(super) operation: String,
    pub(super) method: String,
    /// The path as the document has it.
    pub(super) template: String,
    pub(super) path: String,
    schema: Option<Value>,
}

/// Every operation of the document.
pub(super) fn described() -> Vec<Described> {
    let document: Value = serde_json::from_str(&openapi()).expect("JSON");
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let content = &operation["requestBody"]["content"]["application/json"]["schema"];
            let name = content["$ref"].as_str().and_then(|name| name.rsplit('/').next());
            all.push(Described {
                operation: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: filled(path),
                template: path.clone(),
                schema: name.map(|name| document["components"]["schemas"][name].clone()),
            });
        }
    }
    assert!(all.len() > 30, "{}", all.len());
    all
}

fn filled(path: &str) -> String {
    path.replace("{id}", "ap-0")
        .replace("{ca}", "jpki-auth")
        .replace("{serial}", "abcdef")
        .replace("{code}", HANAKO)
        .replace("{generation}", "1")
        .replace("{partition}", "other")
}

impl Described {
    /// A body with every field that its shapes have, and whatever lies in them.
    pub(super) fn full_body(&self) -> Value {
        let document: Value = serde_json::from_str(&openapi()).expect("JSON");
        self.schema.as_ref().map_or(json!({}), |schema| sample(schema, &document))
    }

    /// A body with every required field, each a text that means nothing; of several shapes the first.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({});
        let schema = self.schema.as_ref();
        let first = schema.and_then(|schema| schema.pointer("/oneOf/0"));
        let schema = first.or(schema);
        let required = schema.and_then(|schema| schema["required"].as_array());
        for field in required.into_iter().flatten() {
            let name = field.as_str().expect("a name");
            let property = schema.map(|schema| &schema["properties"][name]);
            body[name] = match property {
                Some(property) if property["type"] == "array" => json!(["meaningless"]),
                Some(property) if property["type"] == "integer" => json!(1),
                Some(property) if property["enum"].is_array() => property["enum"][0].clone(),
                _ => json!("meaningless"),
            };
        }
        body
    }
}

/// A value of a schema, with every property; of several shapes the last.
fn sample(schema: &Value, document: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        return sample(document.pointer(pointer).expect("a schema"), document);
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(shape) = schema[several].as_array().and_then(|shapes| shapes.last()) {
            return sample(shape, document);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = serde_json::Map::new();
        for part in parts {
            whole.extend(sample(part, document).as_object().cloned().unwrap_or_default());
        }
        return Value::Object(whole);
    }
    if let Some(properties) = schema["properties"].as_object() {
        let members = properties.iter().map(|(name, one)| (name.clone(), sample(one, document)));
        return Value::Object(members.collect());
    }
    match schema["type"].as_array().map_or(&schema["type"], |types| &types[0]).as_str() {
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        Some("array") => json!([sample(&schema["items"], document)]),
        Some("integer") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("meaningless"),
    }
}

#[test]
fn every_reference_of_the_document_resolves_and_every_operation_is_described() {
    let world = World::new();
    let document = world.get("sato", "/api/v1/openapi.json").expect(200);
    assert_eq!(document, serde_json::from_str::<Value>(&openapi()).expect("JSON"));
    let mut references = Vec::new();
    gather(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let schemes = document["components"]["securitySchemes"].as_object().expect("schemes");
    for requirement in document["security"].as_array().expect("requirements") {
        let named = requirement.as_object().expect("names");
        assert!(named.keys().all(|name| schemes.contains_key(name)), "{requirement}");
    }
    for (path, item) in document["paths"].as_object().expect("paths") {
        for operation in item.as_object().expect("operations").values() {
            let responses = operation["responses"].as_object().expect("responses");
            let is_open = operation["operationId"] == "health";
            assert_eq!(responses.contains_key("401"), !is_open, "{path}");
            let good = responses.iter().find(|(status, _)| status.starts_with('2'));
            let content = good.and_then(|(_, response)| response["content"].as_object());
            assert!(content.is_some_and(|content| !content.is_empty()), "{path}");
        }
    }
}

#[test]
fn every_operation_of_the_document_has_its_route() {
    let world = World::new();
    for Described { method, path, operation, .. } in described() {
        let reply = world.ask(Proof::Token("staff"), &method, &path, Some(b"{}"), &[]);
        let text = String::from_utf8_lossy(&reply.body);
        assert_ne!(reply.status, 405, "{operation}");
        assert!(!text.contains("no such address"), "{operation}: {text}");
        let is_open = OPEN.contains(&operation.as_str());
        assert!(reply.header("operation-id").is_some() || is_open, "{operation}");
    }
    world.get("staff", "/api/v1/nowhere").problem(404);
    world.ask(Proof::Token("staff"), "DELETE", "/api/v1/cas", None, &[]).problem(405);
}

fn gather<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(reference) if name == "$ref" => references.push(reference),
                    _ => gather(member, references),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| gather(member, references)),
        _ => {}
    }
}
