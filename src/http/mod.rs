//! REST, and the WebSocket handshake.
