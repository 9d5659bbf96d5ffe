//! The document, as somebody reads it who wants to hold the server to it.

use std::collections::BTreeMap;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::support::http::Response;
use crate::support::server::Server;

/// The document of one server.
pub(super) struct Contract {
    pub(super) document: Value,
    /// By method and path, such as `GET /healthz`.
    pub(super) operations: BTreeMap<String, Value>,
}

impl Contract {
    /// Asks a server for it.
    pub(super) async fn of(server: &Server) -> Self {
        let document = server.http().await.get("/openapi.json").await.ok();
        let mut operations = BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
            }
        }
        Self { document, operations }
    }

    /// What stands at a reference within the document, or the thing itself if it is none.
    pub(super) fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').unwrap();
                let found = self.document.pointer(pointer);
                self.resolve(found.unwrap_or_else(|| panic!("{reference} leads nowhere")))
            }
            None => value,
        }
    }

    /// A validator for a schema that stands in the document. Nothing may be there that is not described.
    pub(super) fn validator(&self, schema: &Value) -> Validator {
        let mut root = schema.clone();
        root["components"] = self.document["components"].clone();
        close(&mut root);
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        options.build(&root).unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    /// Asserts that an operation may answer so.
    pub(super) fn check(&self, operation: &str, answer: &Response) {
        let described = self.operations.get(operation);
        let described = described.unwrap_or_else(|| panic!("{operation} is not in the document"));
        let status = answer.status.to_string();
        let expected = self.resolve(&described["responses"][&status]);
        let text = String::from_utf8_lossy(&answer.body);
        assert!(expected.is_object(), "{operation} does not declare {status}: {text}");
        let Some(contents) = expected["content"].as_object() else {
            assert!(answer.body.is_empty(), "{operation} {status}: {text}");
            return;
        };
        let content_type = answer.header("content-type").unwrap();
        let content = contents.get(content_type);
        let content = content.unwrap_or_else(|| panic!("{operation} {status} is {content_type}"));
        let body = if content_type == "application/json" { answer.json() } else { json!(text) };
        let faults: Vec<String> = self
            .validator(&content["schema"])
            .iter_errors(&body)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{operation} {status}: {faults:?}\n{body:#}");
        for name in expected["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(answer.header(&name.to_lowercase()).is_some(), "{operation} {status} has no {name}");
        }
    }
}

/// Lets what is referred to have no other fields than it says, but for the parts that others are put together from.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(close),
        Value::Object(fields) => {
            if fields.get("$ref").is_some_and(Value::is_string) {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
            let others = fields.iter_mut().filter(|(name, _)| *name != "allOf");
            others.for_each(|(_, schema)| close(schema));
        }
        _ => {}
    }
}
