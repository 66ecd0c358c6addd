//! Nouns as rows of key, version, and the noun as JSON: for those that are found by their name alone.

/// The table of a noun that says its `$division`, `$id` and `$version`. A macro, because sea-orm wants an entity for each.
/// The crate that uses it depends on sea-orm and serde_json.
#[macro_export]
macro_rules! table {
    ($noun:ty, $name:literal, |$it:ident| $division:expr, $id:expr, $version:expr) => {
        mod row {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $name)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub division: String,
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: String,
                pub version: i64,
                pub body: String,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}
            impl ActiveModelBehavior for ActiveModel {}
        }

        impl $crate::store::Noun for $noun {
            type Entity = row::Entity;
            const KIND: &'static str = $name;

            fn division(&self) -> $crate::id::Division {
                #[allow(unused_variables)]
                let $it = self;
                $division
            }

            fn id(&self) -> &str {
                #[allow(unused_variables)]
                let $it = self;
                $id
            }

            fn from_row(row: row::Model) -> Result<Self, $crate::store::noun::Corrupt> {
                serde_json::from_str(&row.body).map_err(|error| {
                    let id = format!("{}/{}", row.division, row.id);
                    $crate::store::noun::Corrupt { kind: $name, id, what: error.to_string() }
                })
            }

            fn to_row(&self) -> row::ActiveModel {
                #[allow(unused_variables)]
                let $it = self;
                row::ActiveModel {
                    division: sea_orm::ActiveValue::Set(self.division().as_str().to_owned()),
                    id: sea_orm::ActiveValue::Set(self.id().to_owned()),
                    version: sea_orm::ActiveValue::Set($version),
                    // Texts, numbers and enums always make JSON.
                    body: sea_orm::ActiveValue::Set(serde_json::to_string(self).unwrap_or_default()),
                }
            }
        }
    };
}
