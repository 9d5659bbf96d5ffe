// Made by build.mjs.
&[
    Asset {
        name: "app-b92bc9d9395a.js",
        content_type: "text/javascript; charset=utf-8",
        plain: include_bytes!("app-b92bc9d9395a.js"),
        gzip: include_bytes!("app-b92bc9d9395a.js.gz"),
        brotli: include_bytes!("app-b92bc9d9395a.js.br"),
    },
    Asset {
        name: "app-8b41c920f5f1.css",
        content_type: "text/css; charset=utf-8",
        plain: include_bytes!("app-8b41c920f5f1.css"),
        gzip: include_bytes!("app-8b41c920f5f1.css.gz"),
        brotli: include_bytes!("app-8b41c920f5f1.css.br"),
    },
    Asset {
        name: "admin-cb604858344a.js",
        content_type: "text/javascript; charset=utf-8",
        plain: include_bytes!("admin-cb604858344a.js"),
        gzip: include_bytes!("admin-cb604858344a.js.gz"),
        brotli: include_bytes!("admin-cb604858344a.js.br"),
    },
    Asset {
        name: "admin-dab789dd7812.css",
        content_type: "text/css; charset=utf-8",
        plain: include_bytes!("admin-dab789dd7812.css"),
        gzip: include_bytes!("admin-dab789dd7812.css.gz"),
        brotli: include_bytes!("admin-dab789dd7812.css.br"),
    },
    Asset {
        name: "icon-706a4cd0c774.svg",
        content_type: "image/svg+xml",
        plain: include_bytes!("icon-706a4cd0c774.svg"),
        gzip: include_bytes!("icon-706a4cd0c774.svg.gz"),
        brotli: include_bytes!("icon-706a4cd0c774.svg.br"),
    },
]
