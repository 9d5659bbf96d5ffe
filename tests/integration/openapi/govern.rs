//! The operations that are for admins of the server.

use serde_json::{Value, json};

use super::walk::Walk;

/// Uses them all, after a walk in which alice and bob came. Root is an admin.
pub(super) async fn govern(walk: &mut Walk) {
    let status = "GET /api/v1/admin/status/";
    let alice = walk.log_in("alice").await;
    walk.by(&alice).refused(403, status, &[], "", Value::Null).await;
    let root = walk.log_in("root").await;
    walk.by(&root).does(status, &[], "", Value::Null).await;
    walk.does("GET /api/v1/admin/settings/", &[], "", Value::Null).await;
    walk.does("GET /api/v1/admin/groups/", &[], "q=T&after=0&limit=7", Value::Null).await;

    let users = "GET /api/v1/admin/users/";
    let found = walk.does(users, &[], "q=AL", Value::Null).await;
    assert_eq!(found[0]["username"], "alice");
    walk.refused(422, users, &[], "limit=some", Value::Null).await;
    let rank = "PATCH /api/v1/admin/users/{user_id}";
    walk.refused(400, rank, &[json!(root.id)], "", json!({ "is_admin": false })).await;
    walk.does(rank, &[json!(alice.id)], "", json!({ "is_admin": true })).await;
    walk.refused(404, rank, &[json!(99)], "", json!({ "is_admin": true })).await;
    walk.refused(422, rank, &[json!(alice.id)], "", json!({})).await;

    let make = "POST /api/v1/admin/keys/";
    let key = json!({ "name": "a/b", "scope": "write", "as": "user", "user_id": alice.id });
    let made = walk.does(make, &[], "", key.clone()).await;
    assert!(made["key"].as_str().is_some_and(|key| key.starts_with("gck_")));
    walk.refused(400, make, &[], "", key).await;
    walk.refused(422, make, &[], "", json!({ "name": "c", "scope": "all", "as": "any" })).await;
    walk.does("GET /api/v1/admin/keys/", &[], "", Value::Null).await;
    let revoke = "DELETE /api/v1/admin/keys/{name}";
    walk.does(revoke, &[json!("a%2Fb")], "", Value::Null).await;
    walk.refused(404, revoke, &[json!("a%2Fb")], "", Value::Null).await;

    let of_alice = "GET /api/v1/admin/users/{user_id}/sessions/";
    let sessions = walk.does(of_alice, &[json!(alice.id)], "", Value::Null).await;
    walk.does("GET /api/v1/admin/sessions/", &[], "limit=3", Value::Null).await;
    let session = [sessions[0]["id"].clone()];
    let end = "DELETE /api/v1/admin/sessions/{session_id}";
    walk.does(end, &session, "", Value::Null).await;
    walk.refused(404, end, &session, "", Value::Null).await;
}
