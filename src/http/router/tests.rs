use super::{Node, RESOURCES, Resource, Serves, route};

#[test]
fn each_template_names_its_own_resource() {
    for resource in RESOURCES {
        for path in resource.paths {
            let found = route(path).unwrap_or_else(|| panic!("{path} is not found"));
            assert!(std::ptr::eq(found.resource, *resource), "{path} is {}", found.template());
            for name in path.split('/').filter_map(|segment| segment.strip_prefix('{')) {
                let name = name.strip_suffix('}').unwrap();
                let (name, kind) = name.split_once(':').unwrap_or((name, ""));
                let value =
                    if kind.is_empty() { format!("{{{name}}}") } else { format!("{{{name}:{kind}}}") };
                assert_eq!(found.params.get(name), value, "{path}");
            }
        }
        let same_params = |path: &&str| path.matches('{').count() == resource.paths[0].matches('{').count();
        assert!(resource.paths.iter().all(same_params), "{:?}", resource.paths);
        if let Serves::Methods(methods) = resource.serves {
            assert!(!methods.is_empty(), "{:?}", resource.paths);
        }
    }
}

#[test]
fn paths_name_resources() {
    const USERS: &str = "/api/v1/users/";
    const USER: &str = "/api/v1/users/{user_id}";
    const GROUP: &str = "/api/v1/groups/{group_id}";
    const REACTION: &str = "/api/v1/messages/{message_id}/reactions/{emoji}";
    const SOCKET: &str = "/ws/group/{group_name}/{username}";
    const PRIVATE: &str = "/ws/chat/{user_id}/{receiver_username}";
    for (path, template, params) in [
        ("/api/v1/users/", USERS, &[][..]),
        ("/api/v1/users", USERS, &[]),
        ("/api/v1/users/1", USER, &[("user_id", "1")]),
        ("/api/v1/users/1/", USER, &[("user_id", "1")]),
        ("/api/v1/users/ a", USER, &[("user_id", " a")]),
        ("/api/users/7", USER, &[("user_id", "7")]),
        ("/api/users/7/", USER, &[("user_id", "7")]),
        ("/api/v1/groups", "/api/v1/groups/", &[]),
        ("/api/v1/groups/.", GROUP, &[("group_id", ".")]),
        ("/api/v1/groups/5/members", "/api/v1/groups/{group_id}/members/", &[("group_id", "5")]),
        ("/api/v1/groups/5/members/", "/api/v1/groups/{group_id}/members/", &[("group_id", "5")]),
        ("/api/v1/groups/5/presence/", "/api/v1/groups/{group_id}/presence/", &[("group_id", "5")]),
        ("/api/v1/groups/5/members/7", "/api/v1/groups/{group_id}/members/{user_id}", &[("user_id", "7")]),
        ("/api/v1/groups/5/bans", "/api/v1/groups/{group_id}/bans/", &[("group_id", "5")]),
        ("/api/v1/groups/5/mutes/7/", "/api/v1/groups/{group_id}/mutes/{user_id}", &[("user_id", "7")]),
        ("/api/v1/users/me", "/api/v1/users/me", &[]),
        ("/api/v1/users/me/", "/api/v1/users/me", &[]),
        ("/api/v1/users/me/groups", "/api/v1/users/me/groups/", &[]),
        ("/api/v1/users/7/groups/", "/api/v1/users/{user_id}/groups/", &[("user_id", "7")]),
        ("/api/v1/sessions", "/api/v1/sessions/", &[]),
        ("/api/v1/sessions/refresh", "/api/v1/sessions/refresh/", &[]),
        ("/api/v1/sessions/current/", "/api/v1/sessions/current", &[]),
        ("/api/v1/sessions/7", "/api/v1/sessions/{session_id}", &[("session_id", "7")]),
        ("/api/v1/messages/", "/api/v1/messages/", &[]),
        ("/api/v1/messages/7/reactions/+1/", REACTION, &[("message_id", "7"), ("emoji", "+1")]),
        ("/api/v1/messages/7/reactions/a/b", REACTION, &[("message_id", "7"), ("emoji", "a/b")]),
        ("/api/v1/messages/7/reactions//", REACTION, &[("message_id", "7"), ("emoji", "")]),
        ("/healthz", "/healthz", &[]),
        ("/readyz/", "/readyz", &[]),
        ("/ws", "/ws", &[]),
        ("/ws/", "/ws", &[]),
        ("/api/v1/ws", "/ws", &[]),
        ("/api/v1/ws/", "/ws", &[]),
        ("/ws/group/g/u", SOCKET, &[("group_name", "g"), ("username", "u")]),
        ("/api/v1/ws/group/g h/ü", SOCKET, &[("group_name", "g h"), ("username", "ü")]),
        ("/ws/chat/1/b", PRIVATE, &[("user_id", "1"), ("receiver_username", "b")]),
        ("/api/v1/ws/chat/x/b", PRIVATE, &[("user_id", "x"), ("receiver_username", "b")]),
    ] {
        let found = route(path).unwrap_or_else(|| panic!("{path} is not found"));
        assert_eq!(found.template(), template, "{path}");
        for (name, value) in params {
            assert_eq!(found.params.get(name), *value, "{path}");
        }
    }
}

#[test]
fn literals_go_before_parameters() {
    const fn at(paths: &'static [&'static str]) -> Resource {
        Resource { paths, serves: Serves::Methods(&[]) }
    }
    static TABLE: [Resource; 6] = [
        at(&["/"]),
        at(&["/users/{id}"]),
        at(&["/users/me"]),
        at(&["/users/{id}/keys/{key}/"]),
        at(&["/messages/{id}/reactions/{emoji}"]),
        at(&["/users/me/keys/"]),
    ];
    static RESOURCES: [&Resource; 6] = [&TABLE[0], &TABLE[1], &TABLE[2], &TABLE[3], &TABLE[4], &TABLE[5]];
    let root = Node::of(&RESOURCES);
    for (path, template, params) in [
        ("/", "/", &[][..]),
        ("/users/me", "/users/me", &[]),
        ("/users/you", "/users/{id}", &[("id", "you")]),
        ("/users/me/keys/1", "/users/{id}/keys/{key}/", &[("id", "me"), ("key", "1")]),
        ("/users/me/keys", "/users/me/keys/", &[]),
        ("/messages/5/reactions/👍/", "/messages/{id}/reactions/{emoji}", &[("id", "5"), ("emoji", "👍")]),
    ] {
        let found = root.route(path).unwrap_or_else(|| panic!("{path} is not found"));
        assert_eq!(found.template(), template, "{path}");
        for (name, value) in params {
            assert_eq!(found.params.get(name), *value, "{path}");
        }
    }
    for path in ["//", "/users", "/users/you/keys", "/messages/5/reactions", "/users/me/keys/1/2"] {
        assert!(root.route(path).is_none(), "{path}");
    }
}

#[test]
fn other_paths_name_nothing() {
    for path in [
        "",
        "*",
        "//",
        "/nope",
        "/api",
        "/api/v1",
        "/api/v1/",
        "//api/v1/groups/",
        "/api/v1//groups/",
        "/API/v1/groups/",
        "/api/v1/./groups/",
        "/api/v1/users//",
        "/api/v1/users/1/2",
        "/api/v1/users/1//",
        "/api/users",
        "/api/users/",
        "/api/groups/",
        "/users/1",
        "/api/v1/groups//members/",
        "/api/v1/groups/1/members/2/3",
        "/api/v1/sessions/1/2",
        "/api/v1/groups/1/nope",
        "/api/v1/healthz",
        "/healthz/x",
        "/ws//",
        "/ws/group/g",
        "/ws/group/g/",
        "/ws/group//u",
        "/ws/group/g/u/",
        "/ws/group/g/u/v",
        "/ws/chat/1",
        "/wsx",
    ] {
        assert_eq!(route(path).map(|found| found.template()), None, "{path}");
    }
}
