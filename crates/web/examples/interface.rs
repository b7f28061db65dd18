//! Prints the OpenAPI document in few words, a line for each thing that somebody's client may rest on:
//! `cargo xtask tables` keeps it under review.

use serde_json::{Map, Value};

fn main() -> Result<(), serde_json::Error> {
    let document: Value = serde_json::from_str(&jitsuin_web::api::openapi())?;
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            println!("{} {path} {}", method.to_uppercase(), statuses(&operation["responses"]));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is_needed = parameter["required"] == true;
                let (name, place) = (&parameter["name"], &parameter["in"]);
                println!(
                    "  {}: {} ({})",
                    named(name, is_needed),
                    form(&parameter["schema"]),
                    word(place)
                );
            }
            for (kind, content) in members(&operation["requestBody"]["content"]) {
                println!("  takes {kind}: {}", form(&content["schema"]));
            }
            for (status, answer) in members(&operation["responses"]) {
                for (kind, content) in members(&answer["content"]) {
                    if kind != "application/problem+json" {
                        println!("  {status} {kind}: {}", form(&content["schema"]));
                    }
                }
            }
        }
    }
    for (name, schema) in members(&document["components"]["schemas"]) {
        println!("{name}: {}", form(schema));
        print_members(schema, "  ");
    }
    Ok(())
}

/// The members of an object in the order of their names; none of anything else.
fn members(value: &Value) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = value.as_object().into_iter().flat_map(Map::iter).collect();
    all.sort_by_key(|(name, _)| *name);
    all
}

fn print_members(schema: &Value, indent: &str) {
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    for (name, member) in members(&schema["properties"]) {
        let name = Value::from(name.as_str());
        println!("{indent}{}: {}", named(&name, required.contains(&&name)), form(member));
        print_members(member, &format!("{indent}  "));
    }
}

/// A name; with a question mark where it may be left out.
fn named(name: &Value, is_needed: bool) -> String {
    format!("{}{}", word(name), if is_needed { "" } else { "?" })
}

fn statuses(responses: &Value) -> String {
    members(responses).into_iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>().join(" ")
}

/// What a schema lets be there.
fn form(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or(reference).to_owned();
    }
    for (several, between) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(all) = schema[several].as_array() {
            return all.iter().map(form).collect::<Vec<_>>().join(between);
        }
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.iter().map(word).collect::<Vec<_>>().join(" | ");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" | "),
        kind => word(kind),
    };
    let items = if schema["items"].is_null() {
        String::new()
    } else {
        format!(" of {}", form(&schema["items"]))
    };
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    let limits = ["minimum", "maximum", "minLength", "maxLength", "pattern"];
    let limits = limits.into_iter().filter(|limit| !schema[*limit].is_null());
    let limits: String = limits.map(|limit| format!(" {limit} {}", word(&schema[limit]))).collect();
    format!("{kinds}{items}{format}{limits}")
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
