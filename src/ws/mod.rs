//! The life of one WebSocket.
