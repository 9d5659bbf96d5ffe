//! What is as it is because clients of another program know it so. None of it is a model for what is new.

pub mod fastapi;
