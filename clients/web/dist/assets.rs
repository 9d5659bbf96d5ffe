// Made by build.mjs.
&[
    Asset {
        name: "app-8935908dc8c2.js",
        content_type: "text/javascript; charset=utf-8",
        plain: include_bytes!("app-8935908dc8c2.js"),
        gzip: include_bytes!("app-8935908dc8c2.js.gz"),
        brotli: include_bytes!("app-8935908dc8c2.js.br"),
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
