//! The database of `roster`.

use sea_orm_migration::{async_trait, prelude::*};

mod nouns;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![crate::kit::journal(), crate::mirror::known(), Box::new(nouns::Nouns), crate::kit::log()]
    }
}
