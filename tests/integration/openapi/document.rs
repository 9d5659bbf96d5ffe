//! The document by itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::contract::Contract;
use crate::support::database::Store;
use crate::support::server::Server;

/// Of OpenAPI 3.1, as <https://spec.openapis.org> has it.
const SCHEMA: &str = include_str!("schema-3.1.json");

/// The documents of servers that differ in what they offer.
async fn contracts() -> [(&'static str, Contract); 2] {
    let of = async |mode| {
        let server = Server::start_with(Store::Sqlite, &["--auth", mode]).await;
        (mode, Contract::of(&server).await)
    };
    [of("username").await, of("token").await]
}

/// The names of the parameters in a path.
fn in_path(path: &str) -> BTreeSet<&str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// All references in the document.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Object(fields) => {
            if fields.get("$ref").is_some_and(Value::is_string) {
                found.push(value);
            }
            fields.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_valid() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (mode, contract) in contracts().await {
        let faults: Vec<String> = validator
            .iter_errors(&contract.document)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{mode}: {faults:?}");
        let mut found = Vec::new();
        references(&contract.document, &mut found);
        assert!(found.into_iter().all(|reference| contract.resolve(reference).is_object()));
        for (name, schema) in contract.document["components"]["schemas"].as_object().unwrap() {
            let validator = contract.validator(schema);
            for example in schema["examples"].as_array().into_iter().flatten() {
                let faults: Vec<String> =
                    validator.iter_errors(example).map(|fault| fault.to_string()).collect();
                assert!(example.is_object() && faults.is_empty(), "{mode}: {name}: {faults:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_operation_is_described_by_the_rules() {
    for (mode, contract) in contracts().await {
        let mut ids = BTreeSet::new();
        for (key, operation) in &contract.operations {
            let place = format!("{mode}: {key}");
            let (_, path) = key.split_once(' ').unwrap();
            let id = operation["operationId"].as_str().unwrap();
            assert!(id.chars().all(|c| c.is_ascii_alphabetic()) && ids.insert(id), "{place}: {id}");
            let summary = operation["summary"].as_str().unwrap();
            assert!(summary.ends_with('.') && summary.len() <= 80, "{place}: {summary}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");

            let parameters: Vec<(&str, &str)> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|parameter| (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap()))
                .collect();
            let named: BTreeSet<&str> =
                parameters.iter().filter(|(place, _)| *place == "path").map(|(_, name)| *name).collect();
            assert_eq!(named, in_path(path), "{place}");

            let responses = operation["responses"].as_object().unwrap();
            let declares = |status: &str| responses.contains_key(status);
            assert!(declares("200") != declares("204"), "{place}");
            assert!(declares("400"), "{place}");
            let has_body = operation["requestBody"].is_object();
            assert_eq!(declares("408"), has_body, "{place}");
            assert_eq!(declares("413"), has_body, "{place}");
            assert_eq!(declares("422"), has_body || !parameters.is_empty(), "{place}");
            assert!(!declares("500") && !declares("default"), "{place}");
            if path.starts_with("/api/") {
                assert!(declares("429") && declares("503"), "{place}");
                assert!(in_path(path).is_empty() || declares("404"), "{place}");
            }
            let security = operation["security"].as_array();
            let is_optional =
                security.is_none_or(|ways| ways.iter().any(|way| way.as_object().unwrap().is_empty()));
            let own_401 = ["logIn", "refreshSession", "setUp", "eraseUser"].contains(&id);
            assert_eq!(declares("401"), !is_optional || own_401, "{place}");
        }
    }
}

#[tokio::test]
async fn a_token_is_demanded_where_a_name_is_not_enough() {
    let [(_, by_name), (_, by_token)] = contracts().await;
    let schemes = json!({ "OAuth2PasswordBearer": [] });
    let bearer = json!({ "HTTPBearer": [] });
    let demanded = json!([schemes, bearer]);
    let optional = json!([{}, schemes, bearer]);
    let security = |contract: &Contract, key: &str| contract.operations[key]["security"].clone();
    for (key, in_username_mode, in_token_mode) in [
        ("GET /api/v1/groups/", &optional, &demanded),
        ("POST /api/v1/messages/", &optional, &demanded),
        ("GET /api/v1/users/me", &demanded, &demanded),
        ("POST /api/v1/users/", &optional, &optional),
        ("POST /api/v1/sessions/", &Value::Null, &Value::Null),
        ("GET /healthz", &Value::Null, &Value::Null),
    ] {
        assert_eq!(security(&by_name, key), *in_username_mode, "{key}");
        assert_eq!(security(&by_token, key), *in_token_mode, "{key}");
    }
    for contract in [by_name, by_token] {
        let scheme = &contract.document["components"]["securitySchemes"]["OAuth2PasswordBearer"];
        assert_eq!(scheme["type"], "oauth2");
        assert_eq!(scheme["flows"]["password"]["tokenUrl"], "/api/v1/sessions/");
    }
}

#[tokio::test]
async fn what_a_server_does_not_have_is_left_out() {
    let all = Server::start_with(Store::Sqlite, &["--auth", "token"]).await;
    let options = ["--auth", "username", "--metrics-listen", "127.0.0.1:0"];
    let less = Server::start_with(Store::Sqlite, &options).await;
    let keys = async |server| Contract::of(server).await.operations.into_keys().collect::<BTreeSet<_>>();
    let (all, less) = (keys(&all).await, keys(&less).await);
    let missing: Vec<&String> = all.difference(&less).collect();
    assert_eq!(missing, ["GET /metrics", "POST /api/v1/setup/"]);
    assert!(less.is_subset(&all));
}
