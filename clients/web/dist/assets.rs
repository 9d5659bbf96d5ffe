// Made by build.mjs.
&[
    Asset {
        name: "app-65c1664f9620.js",
        content_type: "text/javascript; charset=utf-8",
        plain: include_bytes!("app-65c1664f9620.js"),
        gzip: include_bytes!("app-65c1664f9620.js.gz"),
        brotli: include_bytes!("app-65c1664f9620.js.br"),
    },
    Asset {
        name: "app-0b9edc781e76.css",
        content_type: "text/css; charset=utf-8",
        plain: include_bytes!("app-0b9edc781e76.css"),
        gzip: include_bytes!("app-0b9edc781e76.css.gz"),
        brotli: include_bytes!("app-0b9edc781e76.css.br"),
    },
    Asset {
        name: "admin-90e4a3ccbb92.js",
        content_type: "text/javascript; charset=utf-8",
        plain: include_bytes!("admin-90e4a3ccbb92.js"),
        gzip: include_bytes!("admin-90e4a3ccbb92.js.gz"),
        brotli: include_bytes!("admin-90e4a3ccbb92.js.br"),
    },
    Asset {
        name: "admin-82783bea4382.css",
        content_type: "text/css; charset=utf-8",
        plain: include_bytes!("admin-82783bea4382.css"),
        gzip: include_bytes!("admin-82783bea4382.css.gz"),
        brotli: include_bytes!("admin-82783bea4382.css.br"),
    },
    Asset {
        name: "icon-706a4cd0c774.svg",
        content_type: "image/svg+xml",
        plain: include_bytes!("icon-706a4cd0c774.svg"),
        gzip: include_bytes!("icon-706a4cd0c774.svg.gz"),
        brotli: include_bytes!("icon-706a4cd0c774.svg.br"),
    },
]
