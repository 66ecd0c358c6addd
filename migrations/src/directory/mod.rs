//! The directory's database.

use sea_orm_migration::{async_trait, prelude::*};

mod credentials;
mod nouns;

/// Brings the directory's database up to date.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![crate::kit::journal(), Box::new(nouns::Nouns), Box::new(credentials::Credentials), crate::kit::log()]
    }
}
