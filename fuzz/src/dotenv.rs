//! The reader and the editor of `.env`, from the sources of nixstart.

#![allow(dead_code, reason = "only what is fuzzed is used")]

#[path = "../../src/dotenv/consumer.rs"]
pub mod consumer;
#[path = "../../src/dotenv/decode.rs"]
mod decode;
#[path = "../../src/dotenv/document.rs"]
pub mod document;
#[path = "../../src/dotenv/edit.rs"]
pub mod edit;
#[path = "../../src/dotenv/reader.rs"]
pub mod reader;
#[path = "../../src/dotenv/scanner.rs"]
mod scanner;
#[path = "../../src/dotenv/writer.rs"]
pub mod writer;
