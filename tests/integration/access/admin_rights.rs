//! Who may look at and govern the server as a whole.

use serde_json::{Value, json};

use super::people::Town;
use crate::support::database::Store;

both_stores!(
    only_admins_of_the_server_get_in,
    where_names_are_believed_a_token_is_needed_too,
    who_is_an_admin_no_more_is_out_at_once,
);

/// Everything that there is for admins, with requests of which each changes nothing even where it is let in.
fn requests() -> Vec<(&'static str, &'static str, Value, u16)> {
    vec![
        ("GET", "admin/status/", Value::Null, 200),
        ("GET", "admin/users/", Value::Null, 200),
        ("PATCH", "admin/users/1", json!({ "is_admin": true }), 200),
        ("GET", "admin/users/1/sessions/", Value::Null, 200),
        ("GET", "admin/groups/", Value::Null, 200),
        ("GET", "admin/sessions/", Value::Null, 200),
        ("DELETE", "admin/sessions/1", Value::Null, 404),
        ("GET", "admin/keys/", Value::Null, 200),
        ("POST", "admin/keys/", json!({ "name": "", "scope": "read", "as": "server" }), 422),
        ("DELETE", "admin/keys/nothing", Value::Null, 404),
        ("GET", "admin/settings/", Value::Null, 200),
    ]
}

async fn only_admins_of_the_server_get_in(store: Store) {
    let keys = [
        "--scope read --as root",
        "--scope write --as root",
        "--scope admin --as root",
        "--scope admin --as olga",
        "--scope read --as-any",
        "--scope write --as-any",
        "--scope admin --as-any",
        "--scope read --as-server",
        "--scope write --as-server",
        "--scope admin --as-server",
    ];
    let town = Town::start_with(store, &["root", "olga"], &keys, &[]).await;
    let (root, olga) = (town.log_in("root").await, town.log_in("olga").await);
    // She owns a group and governs it, which is not the server.
    town.client(&olga.token).await.create_group("hers", false).await;
    let mut callers =
        vec![(None, 401), (Some("nonsense"), 401), (Some(&*olga.token), 403), (Some(&*root.token), 200)];
    let governing = [false, false, true, false, false, false, true, false, false, true];
    callers.extend(
        town.keys.iter().zip(governing).map(|(key, may)| (Some(&**key), if may { 200 } else { 403 })),
    );
    let mut http = town.stranger().await;
    for (index, (token, verdict)) in callers.into_iter().enumerate() {
        http.show(token);
        for (method, path, body, status) in requests() {
            let answer = http.ask(method, path, &body).await;
            let expected = if verdict == 200 { status } else { verdict };
            assert_eq!(answer.status, expected, "caller {index}: {method} {path}: {answer:?}");
            // Who may not learns nothing of what else is wrong.
            if verdict != 200 {
                let wrong = path.replace("/1", "/x");
                assert_eq!(http.ask(method, &wrong, &json!([])).await.status, verdict, "{method} {wrong}");
            }
        }
    }
    http.show(Some(&olga.token));
    assert_eq!(http.get("admin/users/").await.detail(403), "only an admin of the server may do this");
}

async fn where_names_are_believed_a_token_is_needed_too(store: Store) {
    let keys = ["--scope admin --as-server"];
    let mut town = Town::start_with(store, &["root"], &keys, &[]).await;
    town.server.terminate().await;
    town.server.restart_with(&["--auth=username"]).await;
    let (root, ann) = (town.log_in("root").await, town.person("ann").await);
    let mut http = town.stranger().await;
    let callers =
        [(None, 401), (Some(&*ann.token), 403), (Some(&*root.token), 200), (Some(&*town.keys[0]), 200)];
    for (token, verdict) in callers {
        http.show(token);
        for (method, path, body, status) in requests() {
            let expected = if verdict == 200 { status } else { verdict };
            assert_eq!(http.ask(method, path, &body).await.status, expected, "{method} {path}");
            // A name shows nothing here.
            let named = format!("{path}?user_id={}", root.id);
            assert_eq!(http.ask(method, &named, &body).await.status, expected, "{method} {named}");
        }
    }
}

async fn who_is_an_admin_no_more_is_out_at_once(store: Store) {
    let keys = ["--scope admin --as root"];
    let town = Town::start_with(store, &["root", "ann"], &keys, &[]).await;
    let (root, ann) = (town.log_in("root").await, town.log_in("ann").await);
    let (mut by_root, mut by_ann) = (town.client(&root.token).await, town.client(&ann.token).await);
    let mut by_key = town.client(&town.keys[0]).await;
    let (roots, anns) = (format!("admin/users/{}", root.id), format!("admin/users/{}", ann.id));
    let none = json!({ "is_admin": false });
    let text = "the last admin of the server can not give it up";
    assert_eq!(by_root.patch(&roots, none.clone()).await.detail(400), text);
    assert_eq!(by_key.patch(&roots, none.clone()).await.detail(400), text);
    assert_eq!(by_ann.get("users/me").await.ok().get("is_admin"), None);
    let ranked = by_root.patch(&anns, json!({ "is_admin": true })).await.ok();
    assert_eq!(
        ranked,
        json!({ "id": ann.id, "username": "ann", "email": "ann@example.com", "is_admin": true })
    );
    assert_eq!(by_ann.get("users/me").await.ok()["is_admin"], true);
    assert_eq!(by_ann.get("admin/settings/").await.status, 200);
    assert_eq!(by_ann.patch(&roots, none.clone()).await.ok()["is_admin"], false);
    for http in [&mut by_root, &mut by_key] {
        assert_eq!(http.get("admin/settings/").await.status, 403);
        assert_eq!(http.patch(&roots, json!({ "is_admin": true })).await.status, 403);
    }
    // Who is none may be made none again.
    assert_eq!(by_ann.patch(&roots, none.clone()).await.ok()["is_admin"], false);
    assert_eq!(by_ann.patch(&anns, none).await.detail(400), text);
    for (path, body, status) in [
        ("admin/users/999999", json!({ "is_admin": true }), 404),
        ("admin/users/999999", json!({ "is_admin": false }), 404),
        ("admin/users/99999999999999999999", json!({ "is_admin": false }), 404),
        ("admin/users/x", json!({ "is_admin": false }), 422),
        (&anns, json!({}), 422),
        (&anns, json!({ "is_admin": "perhaps" }), 422),
        (&anns, json!({ "is_admin": null }), 422),
    ] {
        assert_eq!(by_ann.patch(path, body.clone()).await.status, status, "{path} {body}");
    }
    by_ann.delete(&format!("users/{}", root.id)).await;
    assert_eq!(by_ann.patch(&roots, json!({ "is_admin": true })).await.status, 404, "the erased are nobody");
}
