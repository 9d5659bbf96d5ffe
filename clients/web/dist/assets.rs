// Made by build.mjs.
&[
    Asset {
        name: "app-fcb0f88bc4cb.js",
        content_type: "text/javascript; charset=utf-8",
        plain: include_bytes!("app-fcb0f88bc4cb.js"),
        gzip: include_bytes!("app-fcb0f88bc4cb.js.gz"),
        brotli: include_bytes!("app-fcb0f88bc4cb.js.br"),
    },
    Asset {
        name: "app-68d54b74cae7.css",
        content_type: "text/css; charset=utf-8",
        plain: include_bytes!("app-68d54b74cae7.css"),
        gzip: include_bytes!("app-68d54b74cae7.css.gz"),
        brotli: include_bytes!("app-68d54b74cae7.css.br"),
    },
    Asset {
        name: "icon-706a4cd0c774.svg",
        content_type: "image/svg+xml",
        plain: include_bytes!("icon-706a4cd0c774.svg"),
        gzip: include_bytes!("icon-706a4cd0c774.svg.gz"),
        brotli: include_bytes!("icon-706a4cd0c774.svg.br"),
    },
]
