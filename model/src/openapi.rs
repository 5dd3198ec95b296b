//! Schemas of the HTTP interface that no derive can give.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::Colour;

impl PartialSchema for Colour {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^#[0-9a-f]{6}$"))
            .into()
    }
}

impl ToSchema for Colour {}
