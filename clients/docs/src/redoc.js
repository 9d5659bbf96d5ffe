// Shows the document with Redoc, in the fonts of the system: its own would be asked for elsewhere.
const system = "system-ui, sans-serif";
Redoc.init(
  "/openapi.json",
  {
    hideDownloadButton: false,
    requiredPropsFirst: true,
    theme: {
      typography: {
        fontFamily: system,
        headings: { fontFamily: system },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  },
  document.getElementById("docs"),
);
