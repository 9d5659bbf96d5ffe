// Made by build.mjs.
&[
    ("icon-706a4cd0c774.svg", "image/svg+xml", include_bytes!("icon-706a4cd0c774.svg.gz")),
    ("licences-96ea0b925201.txt", "text/plain; charset=utf-8", include_bytes!("licences-96ea0b925201.txt.gz")),
    ("page-25e8ca122081.css", "text/css; charset=utf-8", include_bytes!("page-25e8ca122081.css.gz")),
    ("redoc-374bfc6e2c8a.js", "text/javascript; charset=utf-8", include_bytes!("redoc-374bfc6e2c8a.js.gz")),
    ("redoc.standalone-8b85fab9ff84.js", "text/javascript; charset=utf-8", include_bytes!("redoc.standalone-8b85fab9ff84.js.gz")),
    ("redoc.worker-c6707590bc37.js", "text/javascript; charset=utf-8", include_bytes!("redoc.worker-c6707590bc37.js.gz")),
    ("swagger-ui-bundle-e6a898692f2d.js", "text/javascript; charset=utf-8", include_bytes!("swagger-ui-bundle-e6a898692f2d.js.gz")),
    ("swagger-ui-5ed08757e53d.css", "text/css; charset=utf-8", include_bytes!("swagger-ui-5ed08757e53d.css.gz")),
    ("swagger-3947fa3618f1.js", "text/javascript; charset=utf-8", include_bytes!("swagger-3947fa3618f1.js.gz")),
]
