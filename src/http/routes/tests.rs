use std::collections::BTreeSet;

use super::RESOURCES;
use crate::http::need::Need::{self, Caller, Governor, Open, Shown, User};
use crate::http::openapi::{Offer, document};

/// What each method of each resource needs. Written by hand: who adds a resource says here what it needs.
const NEEDS: &[(&str, &str, Need)] = &[
    ("GET", "/healthz", Open),
    ("GET", "/readyz", Open),
    ("GET", "/metrics", Open),
    ("POST", "/api/v1/setup/", Open),
    ("POST", "/api/v1/sessions/", Open),
    ("POST", "/api/v1/sessions/refresh/", Open),
    ("POST", "/api/v1/users/", Shown),
    ("GET", "/api/v1/sessions/", User),
    ("DELETE", "/api/v1/sessions/current", User),
    ("DELETE", "/api/v1/sessions/{session_id}", User),
    ("GET", "/api/v1/users/me", User),
    ("PATCH", "/api/v1/users/me", User),
    ("GET", "/api/v1/users/me/groups/", User),
    ("GET", "/api/v1/users/{user_id}", Caller),
    ("DELETE", "/api/v1/users/{user_id}", Caller),
    ("GET", "/api/v1/users/{user_id}/groups/", Caller),
    ("GET", "/api/v1/search/", Caller),
    ("GET", "/api/v1/search/users/", Caller),
    ("GET", "/api/v1/groups/", Caller),
    ("POST", "/api/v1/groups/", Caller),
    ("GET", "/api/v1/groups/{group_id}", Caller),
    ("PATCH", "/api/v1/groups/{group_id}", Caller),
    ("DELETE", "/api/v1/groups/{group_id}", Caller),
    ("GET", "/api/v1/groups/{group_id}/members/", Caller),
    ("PUT", "/api/v1/groups/{group_id}/members/{user_id}", Caller),
    ("DELETE", "/api/v1/groups/{group_id}/members/{user_id}", Caller),
    ("GET", "/api/v1/groups/{group_id}/bans/", Caller),
    ("PUT", "/api/v1/groups/{group_id}/bans/{user_id}", Caller),
    ("DELETE", "/api/v1/groups/{group_id}/bans/{user_id}", Caller),
    ("GET", "/api/v1/groups/{group_id}/mutes/", Caller),
    ("PUT", "/api/v1/groups/{group_id}/mutes/{user_id}", Caller),
    ("DELETE", "/api/v1/groups/{group_id}/mutes/{user_id}", Caller),
    ("GET", "/api/v1/groups/{group_id}/presence/", Caller),
    ("GET", "/api/v1/messages/", Caller),
    ("POST", "/api/v1/messages/", Caller),
    ("GET", "/api/v1/messages/{message_id}", Caller),
    ("PATCH", "/api/v1/messages/{message_id}", Caller),
    ("DELETE", "/api/v1/messages/{message_id}", Caller),
    ("PUT", "/api/v1/messages/{message_id}/reactions/{emoji}", Caller),
    ("DELETE", "/api/v1/messages/{message_id}/reactions/{emoji}", Caller),
    ("GET", "/api/v1/admin/status/", Governor),
    ("GET", "/api/v1/admin/users/", Governor),
    ("PATCH", "/api/v1/admin/users/{user_id}", Governor),
    ("GET", "/api/v1/admin/users/{user_id}/sessions/", Governor),
    ("GET", "/api/v1/admin/groups/", Governor),
    ("GET", "/api/v1/admin/sessions/", Governor),
    ("DELETE", "/api/v1/admin/sessions/{session_id}", Governor),
    ("GET", "/api/v1/admin/keys/", Governor),
    ("POST", "/api/v1/admin/keys/", Governor),
    ("DELETE", "/api/v1/admin/keys/{name}", Governor),
    ("GET", "/api/v1/admin/settings/", Governor),
    ("GET", "/api/v1/groups/{group_id}/log/", Caller),
    ("PUT", "/api/v1/groups/{group_id}/read/", Caller),
];

#[test]
fn every_method_of_every_resource_says_what_it_needs() {
    let line = |method: &str, path: &str, need: Need| format!("{method} {path} {need:?}");
    let mut found = BTreeSet::new();
    for resource in RESOURCES {
        found.extend(
            resource.entries().map(|entry| line(entry.method.as_str(), resource.paths[0], entry.need)),
        );
    }
    let expected: BTreeSet<_> = NEEDS.iter().map(|(method, path, need)| line(method, path, *need)).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_document_describes_every_method_and_nothing_else() {
    let entries = RESOURCES.iter().flat_map(|resource| resource.entries());
    let document = document(entries, Offer { believes_names: false, shows_metrics: true });
    let document = serde_json::to_value(&document).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys();
        found.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let expected = NEEDS.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(found, expected);
}
